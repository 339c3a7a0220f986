"""What a team would write for itself: a table of rules by zen-engine, a score by LightGBM, one row per event."""

import json
import os

import lightgbm
import psycopg
import zen

FEATURES = 8
RULES = {
    "contentType": "application/vnd.gorules.decision",
    "nodes": [
        {"id": "in", "type": "inputNode", "name": "request", "position": {"x": 0, "y": 0}},
        {"id": "rules", "type": "expressionNode", "name": "rules", "position": {"x": 1, "y": 0},
         "content": {"expressions": [
             {"id": "1", "key": "small", "value": "data.items <= 1"},
             {"id": "2", "key": "large", "value": "data.amount > 1000 and data.channel == 'web' and data.items > 3"},
             {"id": "3", "key": "rescue", "value": "data.amount > 1000 and data.country == 'DE'"},
             {"id": "4", "key": "guide", "value": "data.items > 20"},
             {"id": "5", "key": "offer", "value": "data.channel == 'store' and data.amount > 10"}]}},
        {"id": "out", "type": "outputNode", "name": "response", "position": {"x": 2, "y": 0}},
    ],
    "edges": [{"id": "a", "sourceId": "in", "targetId": "rules", "type": "edge"},
              {"id": "b", "sourceId": "rules", "targetId": "out", "type": "edge"}],
}
INSERT = "INSERT INTO peer(id, contact, receipt) VALUES (%s, %s, %s) ON CONFLICT (id) DO NOTHING"


class Worker:
    def __init__(self):
        self.rules = zen.ZenEngine().create_decision(zen.ZenDecisionContent(json.dumps(RULES)))
        self.model = lightgbm.Booster(model_file=os.environ["PEER_MODEL"])
        self.database = psycopg.connect(os.environ["PEER_DATABASE"], autocommit=True)

    def handle(self, body):
        event = json.loads(body)
        found = self.rules.evaluate({"data": event["data"]})["result"]
        score = None
        if event["type"] in ("order.paid", "cart.abandoned"):
            row = [[event["data"]["amount"], event["data"]["items"]] + [0.0] * (FEATURES - 2)]
            score = float(self.model.predict(row, num_threads=1)[0])
        receipt = json.dumps({"rules": found, "score": score})
        self.database.execute(INSERT, (event["id"], event["subject"], receipt), prepare=True)
