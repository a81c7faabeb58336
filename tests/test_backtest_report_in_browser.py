"""Does the report work for who opens it: in a real browser, without a network, by mouse and by keyboard?

Where no Chromium is installed these tests skip; `deploy/prerequisites.sh` installs one where it may.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from stream.backtest import report
from tests.backtest_results import with_everything

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="no Chromium with its driver: apt-get install chromium chromium-driver"
)

SECONDS = 60
Browser = webdriver.Chrome


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium that reaches no network at all."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for argument in (
        "--headless=new",
        "--disable-dev-shm-usage",
        "--window-size=1400,1000",
        "--force-prefers-reduced-motion",
        "--host-resolver-rules=MAP * ~NOTFOUND",
    ):
        options.add_argument(argument)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium's own does not start as root; the page is ours
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield started
    started.quit()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report with everything in it."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    report.write(with_everything(), path)
    return path


@pytest.fixture
def opened(browser: Browser, file: Path) -> Browser:
    """The report, opened anew and drawn."""
    browser.get(file.as_uri())
    wait_for_language(browser, "zh")
    return browser


def wait_for_language(browser: Browser, lang: str) -> None:
    def is_drawn(page: Browser) -> bool:
        return bool(page.execute_script("return document.documentElement.dataset.ready") == lang)

    WebDriverWait(browser, SECONDS).until(is_drawn)


def column(browser: Browser, table: str, number: int) -> list[str]:
    """What one column of a table shows now."""
    cells = browser.find_elements(By.CSS_SELECTOR, f'[data-table="{table}"] tbody tr td:nth-child({number})')
    return [cell.text for cell in cells]


def head(browser: Browser, table: str, words: str) -> Any:
    """A column's head."""
    heads = browser.find_elements(By.CSS_SELECTOR, f'[data-table="{table}"] thead th')
    return next(one for one in heads if words in one.text)


def test_it_draws_every_chart_without_an_error_and_without_asking_for_anything(opened: Browser) -> None:
    places = opened.find_elements(By.CSS_SELECTOR, "[data-chart]")
    assert len(places) == 11
    assert all(place.find_elements(By.CSS_SELECTOR, "svg path") for place in places)
    assert opened.find_elements(By.CSS_SELECTOR, ".failed") == []
    assert [line for line in opened.get_log("browser") if line["level"] == "SEVERE"] == []  # type: ignore[no-untyped-call]
    asked = [line["message"] for line in opened.get_log("performance")]  # type: ignore[no-untyped-call]
    assert any('"Network.requestWillBeSent"' in message for message in asked), "the log of requests is on"
    assert [message for message in asked if '"url":"http' in message] == []


def test_an_alerts_text_is_text(opened: Browser) -> None:
    assert opened.title == "回测报告"
    assert "第1号疑点</script>" in opened.find_element(By.CSS_SELECTOR, "#case .said").text


def test_a_column_sorts_by_its_values_and_says_so(opened: Browser) -> None:
    fund = head(opened, "alerts", "涉及基金")
    assert column(opened, "alerts", 5) == ["¥900.00", "¥400.00", "¥300.00", "¥200.00", "¥100.00"]
    fund.find_element(By.CSS_SELECTOR, "[role=button]").send_keys(Keys.ENTER)
    head(opened, "alerts", "涉及基金").find_element(By.CSS_SELECTOR, "[role=button]").send_keys(Keys.ENTER)
    assert column(opened, "alerts", 5) == ["¥100.00", "¥200.00", "¥300.00", "¥400.00", "¥900.00"]
    assert head(opened, "alerts", "涉及基金").get_attribute("aria-sort") == "ascending"


def test_a_search_and_a_choice_narrow_a_table(opened: Browser) -> None:
    section = opened.find_element(By.ID, "alerts")
    search = section.find_element(By.CSS_SELECTOR, "input[type=search]")
    search.send_keys("县医院3")
    assert column(opened, "alerts", 4) == ["县医院3"]
    search.send_keys(Keys.CONTROL, "a", Keys.NULL, Keys.BACKSPACE)
    rules = section.find_element(By.CSS_SELECTOR, "[data-filters] select")
    Select(rules).select_by_visible_text("药品、耗材用量异常")
    assert column(opened, "alerts", 2) == ["药品、耗材用量异常"]
    Select(rules).select_by_visible_text("全部")
    assert len(column(opened, "alerts", 2)) == 5


def test_a_case_is_found_by_its_visit_and_shows_its_days(opened: Browser) -> None:
    opened.find_element(By.ID, "case-text").send_keys("m2 第1号")
    found = opened.find_elements(By.CSS_SELECTOR, "#case-list button")
    assert len(found) == 1
    found[0].send_keys(Keys.ENTER)
    case = opened.find_element(By.ID, "case")
    captions = [caption.text.splitlines()[0] for caption in case.find_elements(By.TAG_NAME, "figcaption")]
    assert captions == ["逐日经过", "每日费用：就诊 M1", "每日费用：就诊 M2"]


def test_an_item_shows_its_volume_and_band_and_a_missed_label_says_so(opened: Browser) -> None:
    Select(opened.find_element(By.ID, "case-rule")).select_by_visible_text("药品、耗材用量异常")
    opened.find_element(By.CSS_SELECTOR, "#case-list button").click()
    assert "实测与预期范围" in opened.find_element(By.ID, "case").text
    WebDriverWait(opened, SECONDS).until(lambda page: page.find_elements(By.CSS_SELECTOR, "#case .chart svg path"))
    Select(opened.find_element(By.ID, "case-rule")).select_by_visible_text("全部")
    Select(opened.find_element(By.ID, "case-kind")).select_by_visible_text("漏报")
    opened.find_element(By.CSS_SELECTOR, "#case-list button").click()
    assert "没有任何预警查出" in opened.find_element(By.ID, "case").text


def test_a_row_leads_to_its_case(opened: Browser) -> None:
    opened.find_element(By.CSS_SELECTOR, '[data-table="alerts"] .open-case').click()  # most at risk: the volume's
    WebDriverWait(opened, SECONDS).until(lambda page: "第9号疑点" in page.find_element(By.ID, "case").text)
    assert opened.switch_to.active_element.get_attribute("id") == "case-title"


def test_the_other_language_is_everywhere(opened: Browser) -> None:
    opened.find_element(By.CSS_SELECTOR, ".lang button[value=en]").click()
    wait_for_language(opened, "en")
    assert opened.find_element(By.TAG_NAME, "h1").text == "Backtest report"
    assert head(opened, "alerts", "fund at risk")
    labels = opened.find_element(By.CSS_SELECTOR, '[data-chart="precision"] svg').get_attribute("textContent")
    assert "Bed-holding" in (labels or "")
    assert opened.find_element(By.TAG_NAME, "html").get_attribute("lang") == "en"


@pytest.mark.parametrize("width", [1400, 800])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_the_window_and_can_be_read_in_either_theme(opened: Browser, width: int, theme: str) -> None:
    screen = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    opened.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": theme}]}
    )
    try:
        widths = "const page = document.documentElement; return [innerWidth, page.scrollWidth - page.clientWidth]"
        assert opened.execute_script(widths) == [width, 0]
        assert contrast(opened, ".lead") >= 4.5  # WCAG AA, small text
        assert contrast(opened, ".answer .word") >= 4.5
        assert contrast(opened, '[data-table="alerts"] tbody td') >= 4.5
        assert contrast(opened, ".badge.high") >= 4.5
    finally:
        opened.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def contrast(browser: Browser, selector: str) -> float:
    """The contrast of an element's text with the first background behind it that is not transparent, as WCAG counts it."""
    script = """
        const element = document.querySelector(arguments[0]);
        let behind = element;
        while (behind && getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
        return [getComputedStyle(element).color, getComputedStyle(behind ?? document.body).backgroundColor];
    """
    text, ground = (luminance(colour) for colour in browser.execute_script(script, selector))
    return (max(text, ground) + 0.05) / (min(text, ground) + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of ``rgb(…)``."""
    parts = [float(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
