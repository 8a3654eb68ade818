// The package has no types.
declare module "parse-prometheus-text-format" {
  /** @throws Error for a line that the text format does not allow */
  export default function parsePrometheusTextFormat(text: string): unknown;
}
