"""The Grafana dashboards, written in Python: ``python -m deploy.grafana.src`` makes their JSON."""
