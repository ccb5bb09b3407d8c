"""Kafka and Redis on this machine, without containers."""

from streams.local.stack import LocalStack, default_folder

__all__ = ["LocalStack", "default_folder"]
