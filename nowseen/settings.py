"""What differs between machines: NOWSEEN_* in the environment. What is true everywhere stands in topology.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import ConfigError
from domain.served_hosts import ServedHosts
from domain.topology import Topology, parse_topology

BrokerKind = Literal["external", "apache", "tansu"]
_OUR_TOPOLOGY = Path(__file__).resolve().parent.parent / "topology.yaml"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="NOWSEEN_", extra="ignore", frozen=True)

    data: Path = Field(
        Path("~/.local/share/nowseen"),
        description="folder of the index, the archive, the default broker's data and the logs",
    )
    cache: Path = Field(Path("~/.cache/nowseen"), description="folder of weights and sample media; may be deleted")
    topology: Path = Field(_OUR_TOPOLOGY, description="the topology file")

    broker: str | None = Field(None, description="host:port of your own Kafka; unset: `nowseen broker` runs one")
    broker_port: int = Field(9092, ge=1, le=65535, description="port of the broker that `nowseen broker` runs")
    kafka_home: Path | None = Field(
        None, description="an Apache Kafka 4 distribution that `nowseen broker` runs instead of Tansu"
    )
    kafka_security_protocol: str = Field("PLAINTEXT", description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL")
    kafka_sasl_mechanism: str | None = Field(None, description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
    kafka_sasl_username: str | None = Field(None, description="user at the broker")
    kafka_sasl_password: SecretStr | None = Field(None, description="password at the broker; never logged")
    kafka_ssl_ca: Path | None = Field(None, description="CA file that signed the broker's certificate")
    kafka_ssl_certificate: Path | None = Field(None, description="client certificate file")
    kafka_ssl_key: Path | None = Field(None, description="client key file")
    kafka_replication: int = Field(1, ge=1, description="replication factor of the topics we create")

    qdrant_url: str | None = Field(None, description="a Qdrant server; unset: Qdrant Edge in the search node")
    qdrant_api_key: SecretStr | None = Field(None, description="key of the Qdrant server; never logged")
    archive: str | None = Field(None, description="media archive, any fsspec URL; unset: the folder archive in DATA")

    pictures: str | None = Field(None, description="picture encoder, such as open_clip:ViT-B-32/laion2b_s34b_b79k")
    speech: str | None = Field(None, description="speech encoder, such as whisper:small or whisper:/path/to/model.pt")
    sentences: str | None = Field(None, description="sentence encoder, such as minilm")
    voices: str | None = Field(None, description="encoder that tells voices apart, such as resemblyzer")
    word_moods: str | None = Field(None, description="reader of moods in words, such as vader or transformers:/folder")
    voice_moods: str | None = Field(None, description="hearer of moods in voices, such as prosody")
    reranker: str | None = Field(
        None, description="re-ranker of the best moments by their words, such as cross_encoder:/folder; unset: none"
    )
    finer_pictures: bool = Field(
        False, description="whether the best scenes are decoded and looked at again in each search; wants a GPU"
    )
    device: str | None = Field(None, description="cuda, mps or cpu; unset: the best there is")
    download: bool = Field(True, description="whether weights may be downloaded from a model hub")

    answer_url: str | None = Field(
        None, description="an OpenAI-compatible endpoint that writes answers, such as http://127.0.0.1:11434/v1"
    )
    answer_model: str | None = Field(None, description="the model there")
    answer_key: SecretStr | None = Field(None, description="key of that endpoint; never logged")

    api_host: str = Field("127.0.0.1", description="address the search node listens on")
    api_port: int = Field(8600, ge=1, le=65535, description="port the search node listens on")
    api_url: str | None = Field(None, description="where clients and browsers find the search node")
    allowed_hosts: str = Field(
        "", description="further hosts that the search node and the dashboard answer to, with commas"
    )
    webhook_allow: str = Field(
        "", description="hosts that webhooks may reach though they are not public: host[:port],..."
    )
    dashboard_host: str = Field("127.0.0.1", description="address the dashboard listens on")
    dashboard_port: int = Field(8601, ge=1, le=65535, description="port the dashboard listens on")

    parts_file: Path | None = Field(None, description="how the parts of this machine are; set by `nowseen up`")
    ready_file: Path | None = Field(None, description="touched by a worker when it is ready; set by `nowseen up`")

    @field_validator("data", "cache", "topology", "kafka_home", mode="after")
    @classmethod
    def _expand(cls, path: Path | None) -> Path | None:
        return path.expanduser().absolute() if path is not None else None

    @property
    def broker_kind(self) -> BrokerKind:
        """Who runs the broker: somebody else, or we, with or without a distribution at hand."""
        if self.broker is not None:
            return "external"
        return "apache" if self.kafka_home is not None else "tansu"

    @property
    def bootstrap(self) -> str:
        """host:port that every Kafka client connects to."""
        return self.broker or f"127.0.0.1:{self.broker_port}"

    @property
    def archive_url(self) -> str:
        return self.archive or (self.data / "archive").as_uri()

    @property
    def node_url(self) -> str:
        return self.api_url or f"http://127.0.0.1:{self.api_port}"


def load_settings() -> Settings:
    """Raises ConfigError with every setting that is wrong."""
    try:
        settings = Settings()
    except ValidationError as error:
        raise ConfigError(
            [f"NOWSEEN_{str(mistake['loc'][0]).upper()}: {mistake['msg']}" for mistake in error.errors()]
        ) from error
    ServedHosts(allowed=settings.allowed_hosts)  # so that a mistake is told before anything is started
    return settings


def load_topology(settings: Settings) -> Topology:
    """Raises ConfigError when the file is missing, holds mistakes, or lacks what the code attaches to.

    The file that comes with the code says what that is: tests/architecture holds the two together.
    """
    topology = _read_topology(settings.topology)
    ours = _read_topology(_OUR_TOPOLOGY)
    sections = (
        ("topics", ours.topics, topology.topics),
        ("agents", ours.agents, topology.agents),
        ("encoders", ours.encoders, topology.encoders),
    )
    lacking = [f"{section}.{name}" for section, needed, there in sections for name in needed if name not in there]
    if lacking:
        raise ConfigError([f"{settings.topology}: {name} is missing: the program attaches to it" for name in lacking])
    return topology


def _read_topology(path: Path) -> Topology:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"NOWSEEN_TOPOLOGY: {path} can't be read: {error}") from error
    return parse_topology(text)
