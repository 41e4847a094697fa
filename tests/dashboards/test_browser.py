"""In a real browser: type what was said, find it, play it, hear it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

if TYPE_CHECKING:
    from tests.dashboards.conftest import StubNode

pytestmark = pytest.mark.browser
_FLAGS = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
_PATIENCE_MS = 30_000

# Where the one video on the page began to play, once it has moved on and has decoded picture and sound; null before.
_PLAYED_FROM_S = """() => {
  const all = document.querySelectorAll("video");
  if (all.length !== 1 || all[0].played.length === 0) return null;
  const video = all[0], range = video.played.length - 1;
  const from = video.played.start(range);
  const plays = video.currentTime > from && !video.muted && video.volume > 0
    && video.webkitAudioDecodedByteCount > 0 && video.webkitVideoDecodedByteCount > 0;
  return plays ? [from] : null;  // a list, because 0 would be no answer
}"""


@pytest.fixture
def browser() -> Iterator[Browser]:
    path = os.environ.get("NOWSEEN_CHROMIUM") or shutil.which("chromium")
    if path is None:
        why = "no Chromium: install your system's, or name one with NOWSEEN_CHROMIUM"
        # Where tests run for everybody, a browser that is missing must not go unnoticed.
        pytest.fail(why) if os.environ.get("CI") == "true" else pytest.skip(why)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(_PATIENCE_MS)
    return page


def test_what_was_said_is_found_and_plays_with_sound(
    page: Page, dashboard_url: str, spoken_query: tuple[str, str]
) -> None:
    query, expected = spoken_query
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.update(re.findall(r"^(?:https?|wss?)://([^/:]+)", request.url)))
    page.goto(dashboard_url)
    box = page.get_by_role("searchbox", name="What are you looking for?")
    box.fill(query)
    box.press("Enter")
    expect(page).to_have_url(re.compile(r"\?q="))
    expect(page.locator(".ns-count")).to_be_visible(timeout=_PATIENCE_MS)  # the newest moments look alike but are going

    card = page.locator('[class*="st-key-card-"]').filter(has_text=expected).first
    expect(card).to_be_visible(timeout=_PATIENCE_MS)
    card.get_by_role("button", name=re.compile("^Play")).click()
    page.wait_for_function(_PLAYED_FROM_S)

    assert hosts == {"127.0.0.1"}  # fonts, scripts, statistics: nothing leaves the machine


def test_a_clip_starts_where_the_moment_starts_again_and_again(
    page: Page, dashboard_url: str, spoken_query: tuple[str, str]
) -> None:
    page.goto(f"{dashboard_url}/?q={spoken_query[0]}")
    for _ in range(2):
        page.get_by_role("button", name=re.compile("^Play")).click()
        (from_s,) = page.wait_for_function(_PLAYED_FROM_S).json_value()
        assert 4 <= from_s < 5
        page.get_by_role("button", name="Close").click()
        expect(page.locator("video")).to_have_count(0)


def test_an_address_is_a_search_and_going_back_takes_a_step_of_it_back(page: Page, dashboard_url: str) -> None:
    page.goto(f"{dashboard_url}/?q=seven&mood=angry")
    mood = page.locator('[class*="st-key-mood"]')
    expect(mood).to_contain_text("Angry")
    expect(page.locator(".ns-count")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?q=seven&mood=angry$"))
    page.get_by_role("button", name="More like this").first.click()
    like = page.get_by_role("button", name=re.compile("^Like lobby"))
    expect(like).to_be_visible()
    expect(page).to_have_url(re.compile(r"mood=angry&like="))
    page.go_back()
    expect(like).to_have_count(0)
    expect(page).to_have_url(re.compile(r"\?q=seven&mood=angry$"))
    expect(mood).to_contain_text("Angry")


def test_what_plays_among_the_newest_is_left_alone(page: Page, dashboard_url: str) -> None:
    page.goto(dashboard_url)
    page.get_by_role("button", name=re.compile("^Play")).click()
    page.wait_for_function(_PLAYED_FROM_S)
    page.evaluate("document.querySelector('video').dataset.mine = 'yes'")
    page.wait_for_function("document.querySelector('video').currentTime > 8")  # longer than the page's refresh
    assert page.locator("video").get_attribute("data-mine") == "yes"


def test_what_happens_now_leads_to_its_clip_and_going_back_to_the_search(
    page: Page, dashboard_url: str, node_with_rules: StubNode
) -> None:
    page.goto(dashboard_url)
    expect(page.locator(".ns-happening")).to_contain_text("Fire alarm")
    page.get_by_role("button", name="See").click()
    expect(page).to_have_url(re.compile(r"\?view=incidents$"))
    card = page.locator('[class*="st-key-card-"]').filter(has_text="Fire alarm")
    card.get_by_role("button", name=re.compile("^Play")).click()
    (from_s,) = page.wait_for_function(_PLAYED_FROM_S).json_value()
    assert 4 <= from_s < 5
    page.go_back()
    expect(page.get_by_text("Newest moments")).to_be_visible()


def test_a_search_is_tried_as_a_rule_and_watched_for(page: Page, dashboard_url: str, node_with_rules: StubNode) -> None:
    page.goto(f"{dashboard_url}/?q=platform%20seven")
    page.get_by_role("button", name="Make this a rule").click()
    page.get_by_role("button", name="Try it on the last week").click()
    expect(page.get_by_text("It would have told 1 incident")).to_be_visible()
    page.get_by_role("button", name="Watch for it").click()
    expect(page.get_by_text("is watched for.")).to_be_visible()
    expect(page.locator(".ns-rule")).to_have_count(2)
    assert any('"query":"platform seven"' in body for body in node_with_rules.requests("/rules"))
