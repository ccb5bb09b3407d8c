"""The registry of counts and rates: each is defined here once, for records, pages, documents and metrics alike."""

from dataclasses import dataclass
from typing import Literal

Text = dict[Literal["en", "fr"], str]


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number that an operator-hour page yields."""

    name: str
    label: Text
    meaning: str


@dataclass(frozen=True, slots=True)
class Kpi:
    """A rate: what is divided by what, in which unit, and the question that it answers.

    ``numerator`` and ``denominator`` are terms: sums of names of counts joined by ``+``, or ``talk_seconds``,
    ``hours`` (the length of the hour) and ``staffed_hours``. ``is_share``: a share of trials, which has an interval.
    """

    name: str
    label: Text
    unit: Literal["per hour", "share", "seconds"]
    numerator: str
    denominator: str
    answers: Text

    @property
    def is_share(self) -> bool:
        """True where an interval makes sense (and the numerator does not exceed the denominator)."""
        return self.unit == "share"


def _count(name: str, en: str, fr: str, meaning: str) -> Count:
    return Count(name, {"en": en, "fr": fr}, meaning)


COUNTS: tuple[Count, ...] = (
    _count("calls", "calls", "appels", "distinct outbound calls that stand"),
    _count("inbound", "inbound calls", "appels entrants", "distinct inbound calls that stand"),
    _count("answered", "answered", "décrochés", "outbound calls that somebody or something answered"),
    _count("human_answered", "answered by a person", "décrochés par une personne", "answered, less those by a machine"),
    _count("abandoned", "abandoned", "abandonnés", "answered by a person, and no operator took the call in time"),
    _count("conversations", "conversations", "entretiens", "outbound calls for which the conversation rule holds"),
    _count("refused", "refusals", "refus", "conversations concluded with a refusal"),
    _count("warm_leads", "warm leads", "prospects tièdes", "conversations concluded with a warm lead"),
    _count("warm_short", "warm, short term", "tièdes, court terme", "warm leads of the short term"),
    _count("warm_medium", "warm, medium term", "tièdes, moyen terme", "warm leads of the medium term"),
    _count("warm_long", "warm, long term", "tièdes, long terme", "warm leads of the long term"),
    _count("callbacks", "callbacks", "rappels", "conversations concluded with a callback"),
    _count(
        "concluded_appointments",
        "concluded appointments",
        "rendez-vous conclus",
        "conversations concluded as appointment",
    ),
    _count("unclassified", "unclassified", "non classés", "conversations without a conclusion"),
    _count("timed", "timed conversations", "entretiens chronométrés", "conversations whose talk time is known"),
    _count("appointments", "appointments", "rendez-vous", "appointments that stand, by fact or by conclusion alone"),
    _count("honoured", "honoured", "honorés", "appointments that took place"),
    _count("no_shows", "no-shows", "manqués", "appointments that the prospect missed"),
    _count("cancelled", "cancelled", "annulés", "appointments that were cancelled"),
    _count("pending", "pending", "en attente", "appointments whose outcome is still open"),
    _count("judged", "judged", "jugés", "appointments on which the sales team gave a verdict"),
    _count("forced", "forced", "forcés", "appointments judged forced"),
    _count("irrelevant", "irrelevant", "hors cible", "appointments judged irrelevant"),
    _count("sales", "sales", "ventes", "sales that stand, in the hour that won their appointment"),
)


def _kpi(
    name: str, unit: Literal["per hour", "share", "seconds"], ratio: str, en: str, fr: str, why: str, pourquoi: str
) -> Kpi:
    numerator, denominator = ratio.split(" / ")
    return Kpi(name, {"en": en, "fr": fr}, unit, numerator, denominator, {"en": why, "fr": pourquoi})


KPIS: tuple[Kpi, ...] = (
    _kpi(
        "calls_per_hour",
        "per hour",
        "calls / hours",
        "Calls / hour",
        "Appels / heure",
        "How fast do organisation, method and tools let operators dial?",
        "À quel rythme l'organisation, la méthode et les outils permettent-ils d'appeler ?",
    ),
    _kpi(
        "conversations_per_hour",
        "per hour",
        "conversations / hours",
        "Conversations / hour",
        "Entretiens / heure",
        "How well does the opening engage people?",
        "L'accroche engage-t-elle l'échange ?",
    ),
    _kpi(
        "contact_rate",
        "share",
        "conversations / calls",
        "Contact rate",
        "Taux de contact",
        "Which hours reach people?",
        "À quelles heures joint-on les gens ?",
    ),
    _kpi(
        "mean_conversation_seconds",
        "seconds",
        "talk_seconds / timed",
        "Mean conversation",
        "Durée moyenne d'entretien",
        "What does a conversation cost?",
        "Que coûte un entretien ?",
    ),
    _kpi(
        "appointment_rate",
        "share",
        "appointments / calls",
        "Appointments / calls",
        "Rendez-vous / appels",
        "How deep and relevant is the campaign?",
        "La campagne est-elle riche et pertinente ?",
    ),
    _kpi(
        "appointments_per_conversation",
        "share",
        "appointments / conversations",
        "Appointments / conversations",
        "Rendez-vous / entretiens",
        "How well do operators convert a conversation?",
        "Les entretiens aboutissent-ils ?",
    ),
    _kpi(
        "qualification_rate",
        "share",
        "concluded_appointments+warm_leads / conversations",
        "Qualification rate",
        "Taux de qualification",
        "How many conversations leave something, a warm lead included?",
        "Combien d'entretiens laissent une suite, prospects tièdes compris ?",
    ),
    _kpi(
        "sales_per_appointment",
        "share",
        "sales / appointments",
        "Sales / appointments",
        "Ventes / rendez-vous",
        "What is the campaign worth in the end?",
        "Que vaut la campagne au bout du compte ?",
    ),
    _kpi(
        "show_rate",
        "share",
        "honoured / honoured+no_shows",
        "Appointments honoured",
        "Rendez-vous honorés",
        "Was the appointment real?",
        "Le rendez-vous était-il réel ?",
    ),
    _kpi(
        "sales_per_honoured",
        "share",
        "sales / honoured",
        "Sales / honoured appointments",
        "Ventes / rendez-vous honorés",
        "Did the sales team convince?",
        "L'équipe commerciale a-t-elle convaincu ?",
    ),
    _kpi(
        "forced_rate",
        "share",
        "forced+irrelevant / judged",
        "Forced appointments",
        "Rendez-vous forcés",
        "Does pressure win appointments that have no chance?",
        "La pression produit-elle des rendez-vous sans avenir ?",
    ),
    _kpi(
        "abandon_rate",
        "share",
        "abandoned / human_answered",
        "Abandon rate",
        "Taux d'abandon",
        "How often does a person answer and find nobody there?",
        "Combien de personnes décrochent sans trouver personne ?",
    ),
    _kpi(
        "calls_per_staffed_hour",
        "per hour",
        "calls / staffed_hours",
        "Calls / staffed hour",
        "Appels / heure de présence",
        "The tempo, fair with part-time, pauses and joins in mid-hour.",
        "Le rythme, équitable avec temps partiels, pauses et arrivées en cours d'heure.",
    ),
    _kpi(
        "conversations_per_staffed_hour",
        "per hour",
        "conversations / staffed_hours",
        "Conversations / staffed hour",
        "Entretiens / heure de présence",
        "Engagement, fair with part-time, pauses and joins in mid-hour.",
        "L'engagement, équitable avec temps partiels, pauses et arrivées en cours d'heure.",
    ),
)
