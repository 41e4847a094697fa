"""A Kafka broker on this machine: Tansu, which comes as a package, or an Apache Kafka that is at hand."""

from streams.broker.apache import apache_kafka_command, prepare_apache_kafka, run_apache_kafka
from streams.broker.tansu import run_tansu, tansu_command

__all__ = ["apache_kafka_command", "prepare_apache_kafka", "run_apache_kafka", "run_tansu", "tansu_command"]
