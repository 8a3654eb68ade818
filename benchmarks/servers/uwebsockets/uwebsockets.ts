/** The types of the part of uWebSockets.js that the server uses. The package is not installed where types are checked. */
export interface UWebSockets {
  App(): App;
}

interface App {
  ws<TData>(pattern: string, behavior: Behavior<TData>): App;
  listen(host: string, port: number, callback: () => void): App;
  publish(topic: string, message: string): boolean;
}

interface Behavior<TData> {
  readonly maxBackpressure: number;
  upgrade(response: Response, request: Request, context: object): void;
  open(ws: WebSocket<TData>): void;
  message(ws: WebSocket<TData>, message: ArrayBuffer): void;
  close(ws: WebSocket<TData>): void;
}

interface WebSocket<TData> {
  getUserData(): TData;
  send(message: string): number;
  subscribe(topic: string): boolean;
  publish(topic: string, message: string): boolean;
}

interface Request {
  getQuery(): string;
  getHeader(name: string): string;
}

interface Response {
  upgrade<TData>(
    data: TData,
    ...rest: [key: string, protocol: string, extensions: string, context: object]
  ): void;
}
