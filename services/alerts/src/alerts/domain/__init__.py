"""The rules of alerting: what is measured against what, when an episode changes, and what people are told. All pure."""
