"""Every delivery ends once, arrived or as a dead letter; nothing is lost in a restart; nobody waits for another."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain.deliveries import (
    Delivery,
    DeliveryAttempted,
    DeliveryDeadLettered,
    DeliveryEvent,
    EndpointDisabled,
    EndpointEnabled,
    Forgotten,
    Kept,
    PendingDelivery,
)
from domain.delivery_book import DeliveryBook
from domain.delivery_outcomes import Answered, Outcome, Unanswered
from domain.delivery_rules import DeliveryRules, backoff_s

RULES = DeliveryRules()
T0_S = 1_767_225_600.0
DAY_S = 86_400.0
OK, DOWN, HUNG, GONE, UNFIT = Answered(200), Answered(503), Unanswered("timeout", "10 s"), Answered(410), Answered(422)


def delivery(number: int, endpoint: str = "ops", queued_s: float = T0_S) -> Delivery:
    return Delivery(endpoint, f"incident-{number}", 0, "text/plain", "body", queued_s)


def book_with(*deliveries: Delivery, rules: DeliveryRules = RULES, jitter: float = 1.0) -> DeliveryBook:
    book = DeliveryBook(lambda: jitter, rules)
    for one in deliveries:
        book.add(one, one.queued_s)
    return book


def attempt(book: DeliveryBook, outcome: Outcome, now_s: float) -> list[DeliveryEvent]:
    """Of the one delivery that is due."""
    [one] = book.due(now_s)
    return book.attempted(one.id, outcome, now_s)


def compacted(records: list[Kept]) -> dict[str, Kept]:
    """As a compacted topic has them: the last of each key, and none that was forgotten."""
    last = {one.key: one for one in records}
    return {key: one for key, one in last.items() if not isinstance(one, Forgotten)}


def test_what_arrives_is_done() -> None:
    book = book_with(delivery(1))

    assert attempt(book, OK, T0_S) == [DeliveryAttempted(delivery(1).id, "ops", 1, T0_S, True, "answered 200")]
    assert book.due(T0_S + DAY_S) == []
    assert book.wake_s() is None


def test_the_same_again_is_not_sent_again() -> None:
    book = book_with(delivery(1), delivery(1))
    assert len(book.due(T0_S)) == 1
    book.attempted(delivery(1).id, OK, T0_S)

    assert book.add(delivery(1), T0_S + DAY_S) == []
    assert book.due(T0_S + DAY_S) == []


def test_the_waits_double_up_to_the_longest_and_end_with_the_day() -> None:
    book, now_s, waits = book_with(delivery(1)), T0_S, []
    for _ in range(100):
        event, *rest = attempt(book, DOWN, now_s)
        assert isinstance(event, DeliveryAttempted)
        if event.retry_s is None:
            break
        assert book.due(event.retry_s - 0.1) == []
        waits.append(event.retry_s - now_s)
        now_s = event.retry_s

    assert waits[:11] == [5.0 * 2**n for n in range(11)]
    assert set(waits[11:-1]) == {RULES.longest_wait_s}
    assert now_s == T0_S + DAY_S
    assert rest == [DeliveryDeadLettered(delivery(1), len(waits) + 1, now_s, "answered 503")]


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_full_jitter_is_anywhere_below_the_exponential_ceiling(failures: int, chance: float) -> None:
    wait_s = backoff_s(failures, RULES.longest_wait_s, RULES, lambda: chance)

    assert RULES.least_wait_s <= wait_s <= RULES.longest_wait_s
    ceiling_s = backoff_s(failures, RULES.longest_wait_s, RULES, lambda: 1.0)
    assert wait_s == max(RULES.least_wait_s, chance * ceiling_s)


@pytest.mark.parametrize("outcome", [DOWN, HUNG, Answered(302), Answered(404), Unanswered("connection", "reset")])
def test_while_an_endpoint_fails_it_is_probed_by_one_delivery_and_recovers_for_all(outcome: Outcome) -> None:
    book = book_with(*(delivery(number) for number in range(10)))
    first, second = book.due(T0_S)
    book.attempted(first.id, outcome, T0_S)
    book.attempted(second.id, outcome, T0_S)
    assert book.due(T0_S + 4.9) == []

    [probe] = book.due(T0_S + 10.0)
    assert probe.id not in (first.id, second.id)  # one that fails again and again doesn't keep the others from trying
    assert book.due(T0_S + 11.0) == []
    book.attempted(probe.id, OK, T0_S + 11.0)
    assert len(book.due(T0_S + 11.0)) == RULES.at_once_per_endpoint


def test_a_body_that_a_receiver_can_t_take_slows_down_itself_alone() -> None:
    book = book_with(delivery(1))
    [event] = attempt(book, UNFIT, T0_S)
    assert isinstance(event, DeliveryAttempted) and event.retry_s == T0_S + 5.0
    book.add(delivery(2), T0_S + 1.0)

    assert [one.id for one in book.due(T0_S + 1.0)] == [delivery(2).id]


def test_retry_after_holds_for_the_endpoint() -> None:
    book = book_with(delivery(1), delivery(2))
    first, second = book.due(T0_S)
    [event] = book.attempted(first.id, Answered(429, "600"), T0_S)
    assert isinstance(event, DeliveryAttempted) and event.retry_s == T0_S + 600.0
    book.attempted(second.id, DOWN, T0_S)
    book.add(delivery(3), T0_S)

    assert book.due(T0_S + 599.0) == []
    assert [one.id for one in book.due(T0_S + 600.0)] == [delivery(3).id]


def test_an_endpoint_that_is_gone_is_told_nothing_more_until_it_is_enabled() -> None:
    book = book_with(delivery(1), delivery(2), delivery(3))
    first, second = book.due(T0_S)
    attempted, letter, disabled, other = book.attempted(first.id, GONE, T0_S)
    assert isinstance(attempted, DeliveryAttempted) and attempted.retry_s is None
    assert letter == DeliveryDeadLettered(delivery(1), 1, T0_S, "answered 410")
    assert disabled == EndpointDisabled("ops", T0_S, "answered 410")
    assert other == DeliveryDeadLettered(delivery(3), 0, T0_S, "the endpoint is disabled: answered 410")

    assert [type(event) for event in book.attempted(second.id, DOWN, T0_S)] == [DeliveryAttempted, DeliveryDeadLettered]
    [refused] = book.add(delivery(4), T0_S)
    assert isinstance(refused, DeliveryDeadLettered)
    assert book.due(T0_S + DAY_S) == []

    assert book.enable("ops", T0_S) == [EndpointEnabled("ops", T0_S)]
    assert book.enable("ops", T0_S) == []
    book.add(delivery(5), T0_S)
    assert [one.id for one in book.due(T0_S)] == [delivery(5).id]


def test_an_endpoint_that_does_not_exist_can_t_be_waited_for() -> None:
    [_, letter] = attempt(book_with(delivery(1)), Unanswered("no endpoint", "ops was removed"), T0_S)

    assert letter == DeliveryDeadLettered(delivery(1), 1, T0_S, "no endpoint: ops was removed")


def test_what_waits_behind_a_dead_endpoint_for_a_day_is_given_up_unattempted() -> None:
    book = book_with(*(delivery(number) for number in range(3)), rules=replace(RULES, at_once_per_endpoint=1))
    later_s = T0_S + DAY_S
    attempt(book, DOWN, later_s - 1.0)
    assert book.expire(later_s - 0.5) == []

    letters = book.expire(later_s)
    assert {letter.attempts for letter in letters if isinstance(letter, DeliveryDeadLettered)} == {0, 1}
    assert {letter.reason for letter in letters if isinstance(letter, DeliveryDeadLettered)} == {
        "its endpoint failed: answered 503"
    }
    assert len(letters) == 3


def test_what_was_not_tried_for_a_day_because_we_were_down_is_tried_all_the_same() -> None:
    kept = book_with(delivery(1)).kept().values()
    restarted = DeliveryBook(lambda: 1.0, kept=kept)

    assert restarted.expire(T0_S + 2 * DAY_S) == []
    assert [type(event) for event in attempt(restarted, OK, T0_S + 2 * DAY_S)] == [DeliveryAttempted]


def test_a_storm_for_a_dead_endpoint_has_a_bounded_size() -> None:
    rules = replace(RULES, most_pending=5)
    book, letters = book_with(rules=rules), list[DeliveryEvent]()
    for number in range(8):
        letters += book.add(delivery(number, queued_s=T0_S + number), T0_S + number)

    assert [one.delivery.incident for one in letters if isinstance(one, DeliveryDeadLettered)] == [
        "incident-0", "incident-1", "incident-2",
    ]  # fmt: skip
    assert book.pending("ops") == 5


def test_what_was_settled_is_forgotten_after_a_week() -> None:
    book = book_with(delivery(1), delivery(2))
    for number, one in enumerate(book.due(T0_S)):
        book.attempted(one.id, OK, T0_S + number * DAY_S)
    book.take_changed()
    book.expire(T0_S + 7 * DAY_S)

    assert book.take_changed() == [Forgotten(f"delivery/{delivery(1).id}")]
    assert book.add(delivery(2), T0_S) == []
    book.add(delivery(1), T0_S)
    assert len(book.due(T0_S + 7 * DAY_S)) == 1


@given(st.integers(1, 400), st.integers(1, 5))
def test_failing_endpoints_leave_half_of_the_places_to_the_others(failing: int, each: int) -> None:
    book = book_with()
    for number in range(failing):
        book.add(delivery(number, f"dead-{number}"), T0_S)
    while hung := book.due(T0_S):
        for one in hung:
            book.attempted(one.id, HUNG, T0_S)
    now_s = T0_S + 3600.0
    probes = book.due(now_s)  # and they hang again
    for number in range(each):
        book.add(delivery(number, "healthy"), now_s)

    assert len(probes) == min(failing, RULES.at_once_failing)
    assert [one.endpoint for one in book.due(now_s)] == ["healthy"] * min(each, RULES.at_once_per_endpoint)


outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.sampled_from([OK, DOWN, HUNG, UNFIT, Answered(302)]),
    st.builds(Answered, st.sampled_from([429, 503]), st.sampled_from(["60", "999999", "soon"])),
    # Rarely, or little else would be seen.
    st.sampled_from([*[OK] * 8, GONE, Unanswered("no endpoint", "removed")]),
)


class Book(RuleBasedStateMachine):
    """Anything may happen in any order, and the process may be killed at any time."""

    RULES = replace(RULES, at_once=5, most_pending=6, most_remembered=40)

    def __init__(self) -> None:
        super().__init__()
        self.now_s = T0_S
        self.book = DeliveryBook(lambda: 0.5, self.RULES)
        self.journal: list[Kept] = []
        self.added: set[str] = set()
        self.endings: Counter[str] = Counter()
        self.under_way: dict[str, Delivery] = {}
        self.not_before: dict[str, float] = {}

    def took(self, events: list[DeliveryEvent]) -> None:
        self.journal += self.book.take_changed()
        for event in events:
            match event:
                case DeliveryAttempted(is_delivered=True):
                    self.endings[event.delivery_id] += 1
                case DeliveryAttempted(retry_s=float(retry_s)):
                    assert retry_s > self.now_s
                    self.not_before[event.delivery_id] = retry_s
                case DeliveryDeadLettered():
                    self.endings[event.delivery.id] += 1
                    self.under_way.pop(event.delivery.id, None)

    @rule(number=st.integers(0, 60), endpoint=st.sampled_from("abcd"))
    def add(self, number: int, endpoint: str) -> None:
        one = delivery(number, endpoint, self.now_s)
        if one.id not in self.added:
            self.added.add(one.id)
            self.took(self.book.add(one, self.now_s))

    @rule()
    def due(self) -> None:
        for one in self.book.due(self.now_s):
            assert one.id not in self.under_way
            assert one.id not in self.endings
            assert self.now_s >= self.not_before.get(one.id, 0.0)
            self.under_way[one.id] = one

    @precondition(lambda self: self.under_way)
    @rule(outcome=outcomes, data=st.data())
    def attempted(self, outcome: Outcome, data: st.DataObject) -> None:
        id = data.draw(st.sampled_from(sorted(self.under_way)))
        del self.under_way[id]
        self.took(self.book.attempted(id, outcome, self.now_s))

    @rule(seconds=st.sampled_from([1.0, 30.0, 900.0, 7200.0, 2 * DAY_S]))
    def time_passes(self, seconds: float) -> None:
        self.now_s += seconds

    @rule()
    def expire(self) -> None:
        self.took(self.book.expire(self.now_s))

    @rule(endpoint=st.sampled_from("abcd"))
    def enable(self, endpoint: str) -> None:
        self.took(self.book.enable(endpoint, self.now_s))

    @rule(is_compacted=st.booleans())
    def killed(self, is_compacted: bool) -> None:
        kept = list(compacted(self.journal).values()) if is_compacted else self.journal
        before = self.book.kept()
        self.book = DeliveryBook(lambda: 0.5, self.RULES, kept)
        self.under_way.clear()

        assert self.book.kept() == before

    @invariant()
    def the_journal_holds_all_there_is_to_remember(self) -> None:
        assert compacted(self.journal) == self.book.kept()

    @invariant()
    def places_are_bounded(self) -> None:
        by_endpoint = Counter(one.endpoint for one in self.under_way.values())
        assert sum(by_endpoint.values()) <= self.RULES.at_once
        assert all(count <= self.RULES.at_once_per_endpoint for count in by_endpoint.values())

    def teardown(self) -> None:
        """From wherever it got, everything that was added comes to exactly one end."""
        for id in list(self.under_way):
            self.took(self.book.attempted(id, DOWN, self.now_s))
        for _ in range(2_000):
            if (wake_s := self.book.wake_s()) is None:
                break
            self.now_s = max(self.now_s, wake_s)
            self.took(self.book.expire(self.now_s))
            for one in self.book.due(self.now_s):
                self.took(self.book.attempted(one.id, DOWN, self.now_s))
        assert self.endings == Counter(self.added)


Book.TestCase.settings = settings(stateful_step_count=60, max_examples=60)
TestBook = Book.TestCase


def test_a_dead_letter_can_be_sent_again_under_its_id() -> None:
    book, sent = DeliveryBook(lambda: 1.0), delivery(1)
    book.add(sent, 0.0)
    book.due(0.0)
    book.attempted(sent.id, Unanswered("no endpoint", "removed"), 1.0)
    book.take_changed()
    book.add(sent, 2.0)
    assert book.due(2.0) == [] and book.take_changed() == []

    book.add_again(sent, 5e6)
    assert book.take_changed() == [PendingDelivery(replace(sent, queued_s=5e6), 0, 5e6)]
    (again,) = book.due(5e6)
    assert (again.id, again.body) == (sent.id, sent.body)
    (failed,) = book.attempted(sent.id, Answered(500), 5e6 + 1)
    assert isinstance(failed, DeliveryAttempted) and failed.retry_s is not None


def test_what_arrived_or_is_on_its_way_is_not_sent_again() -> None:
    book, sent, on_its_way = DeliveryBook(lambda: 1.0), delivery(1), delivery(2)
    book.add(sent, 0.0)
    book.due(0.0)
    book.attempted(sent.id, Answered(200), 1.0)
    book.add(on_its_way, 2.0)
    book.take_changed()
    for one in (sent, on_its_way):
        book.add_again(one, 3.0)

    assert book.take_changed() == []
    assert book.due(3.0) == [on_its_way]
