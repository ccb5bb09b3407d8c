"""Follow a KPI topic and keep, per key, the newest record: python consume.py 127.0.0.1:9092 kpi.operator-hour.v1"""

import json
import sys

from kafka import KafkaConsumer

servers, topic = sys.argv[1:]
newest = {}
# Without a group, whoever starts reads everything from the beginning: `newest` lives and dies with the process.
for message in KafkaConsumer(topic, bootstrap_servers=servers, group_id=None, auto_offset_reset="earliest"):
    if message.value is None:  # Dialpulse writes none; somebody may delete a key by hand
        continue
    record, held = json.loads(message.value), newest.get(message.key)
    if held is None or record["revision"] > held["revision"]:
        newest[message.key] = record
        print(record["hour_start"], record["revision"], record["counts"]["calls"], message.key.decode(), flush=True)
