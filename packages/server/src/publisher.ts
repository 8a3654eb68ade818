// The entry for processes without sockets: publishes over the backplane of the nodes.
export { createPublisher } from "./cluster/create-publisher.ts";
export type { PublisherOptions } from "./cluster/create-publisher.ts";
export type { Publisher } from "./cluster/cluster-types.ts";
