"""What the outside world may rely on: facts, KPI records, reject reasons, topics, keys and metric names."""
