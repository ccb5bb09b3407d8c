// node consume.mjs 127.0.0.1:9092 kpi.operator-hour.v1
import { randomUUID } from "node:crypto";
import { Kafka } from "kafkajs";
import { keep } from "./newest.mjs";

const [server, topic] = process.argv.slice(2);
const newest = new Map();
// A fresh group that never commits, so that whoever starts reads everything from the beginning.
const consumer = new Kafka({ brokers: [server] }).consumer({ groupId: `reader-${randomUUID()}` });
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await consumer.run({
  autoCommit: false,
  eachMessage: async ({ message: { key, value } }) => {
    if (!keep(newest, key.toString(), value)) return;
    const record = newest.get(key.toString());
    console.log(record.hour_start, record.revision, record.counts.calls, key.toString());
  },
});
