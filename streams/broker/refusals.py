"""What Kafka refuses, in words that say what to do; both clients number their errors as the brokers do."""

from streams.errors import UserError
from streams.settings import Settings, env_name

TOPIC_RIGHT, GROUP_RIGHT, CLUSTER_RIGHT, TRANSACTION_RIGHT, WRONG_PASSWORD = 29, 30, 31, 53, 58
_RIGHTS = {
    TOPIC_RIGHT: "a right on a topic",
    GROUP_RIGHT: "a right on a group",
    CLUSTER_RIGHT: "a right on the cluster",
    TRANSACTION_RIGHT: "a right on a transaction",
}
WHERE = "grant what docs/security.md lists"


def principal(settings: Settings) -> str:
    """Who we are to Kafka's rules, as far as the settings tell."""
    return f"User:{settings.kafka_username}" if settings.kafka_username else "this user"


def refusal(settings: Settings, error: Exception, doing: str = "") -> UserError:
    """A client's error as a UserError: exit code 2 where only a change of rights or settings helps, else 1."""
    number = getattr(error, "errno", None)
    said = " ".join(str(error).split()) or type(error).__name__
    what = f"{doing}: " if doing else ""
    where = f"Kafka at {settings.kafka}"
    if number in _RIGHTS:
        return UserError(f"{what}{principal(settings)} lacks {_RIGHTS[number]} at {where} ({said}): {WHERE}")
    if number == WRONG_PASSWORD:
        named = f"{env_name('kafka_username')} or {env_name('kafka_password')}"
        return UserError(f"{what}{where} does not know the user {settings.kafka_username!r} ({said}): correct {named}")
    return UserError(f"{what}{where} refuses: {said}; see dialpulse doctor", exit_code=1)
