// The package has no types.
declare module "parse-prometheus-text-format" {
  /** @throws Error for a line that is not of the text format */
  export default function parsePrometheusTextFormat(text: string): unknown;
}
