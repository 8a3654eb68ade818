import { useRedis } from "../test/real-nodes.ts";
import { describeOnRedis } from "../test/suite-on-redis.ts";

const redis = useRedis();

describeOnRedis(
  () => redis.server,
  () => redis.server.url,
);
