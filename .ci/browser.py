"""Looks at every page of `gncn view` as a person would: narrow and wide, light and dark, by mouse and by keys.

Arguments: the program, the browser, an empty folder for runs, a folder for pictures, axe.min.js or nothing.
"""

import json
import pathlib
import re
import signal
import subprocess
import sys
import time

from playwright.sync_api import sync_playwright

CIRCUIT = """#![enable(implicit_some)]
Circuit(
    name: "seen",
    layers: {
        "z0": (size: 784, sense: "image", mean: Sigmoid, likelihood: Bernoulli),
        "z1": (size: 36, activation: Tanh, beta: 0.05, leak: 0.001),
        "z2": (size: 16, activation: Tanh, beta: 0.05, leak: 0.001),
    },
    projections: [
        (from: "z1", to: "z0", feedback: Learned(rate: 1.0)),
        (from: "z2", to: "z1", feedback: Learned(rate: 1.0)),
        (from: "z2", to: "z0", feedback: Silent),
    ],
    settling: (steps: 20, schedule: Synchronous),
    learning: (optimizer: Adam(rate: 0.005), norm: UnitColumns, batch: 50, epochs: 3),
)
"""

gncn, chromium, runs, shots, axe = sys.argv[1:6]
runs, shots = pathlib.Path(runs), pathlib.Path(shots)
runs.mkdir(parents=True, exist_ok=True)
(runs / "seen.ron").write_text(CIRCUIT)


def run(*words):
    subprocess.run([gncn, *words], cwd=runs, check=True, capture_output=True, timeout=600)


def train(name, *words):
    return [gncn, "train", "seen.ron", "--out", name, "--limit", "200", "--threads", "1", *words]


run(*train("first")[1:])
run(*train("second", "--seed", "1")[1:])
view = subprocess.Popen([gncn, "view", ".", "--port", "0"], cwd=runs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
address = view.stdout.readline().strip()
root = address.split("/?")[0]
faults = []


def watch(page):
    page.on("console", lambda told: faults.append(f"console: {told.text}") if told.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(f"script: {error}"))
    page.on("request", lambda asked: None if asked.url.startswith((root, "data:", "blob:")) else faults.append(f"request to {asked.url}"))


def until(page, holds, seconds=60):
    """Waits without an eval inside the page, which its policy forbids."""
    begun = time.monotonic()
    while not page.evaluate(holds):
        assert time.monotonic() - begun < seconds, f"this never came true: {holds}"
        time.sleep(0.1)


def check(page, name, wide):
    """A picture, no sideways scrolling, and what axe finds."""
    page.screenshot(path=shots / f"{name}.png", full_page=True)
    width = page.evaluate("document.documentElement.scrollWidth")
    if width > wide:
        faults.append(f"{name}: {width} pixels wide on a screen of {wide}")
    if axe:
        page.evaluate(pathlib.Path(axe).read_text())
        found = page.evaluate("axe.run(document, {iframes: false})")["violations"]
        for fault in found:
            if fault["impact"] in ("serious", "critical"):
                faults.append(f"{name}: axe {fault['id']}: {fault['nodes'][0]['target']} {fault['nodes'][0]['failureSummary']}")


def look(browser, wide, scheme):
    context = browser.new_context(viewport={"width": wide, "height": 900}, color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    watch(page)
    page.goto(address)
    page.wait_for_selector("tbody tr")
    assert "token" not in page.url, "the token stays in the address"
    tag = f"{wide}-{scheme}"
    check(page, f"list-{tag}", wide)
    page.fill("#search", "second")
    assert page.locator("tbody tr").count() == 1
    page.fill("#search", "")
    for name in ("first", "second"):
        page.check(f"[aria-label='compare {name}']")
    page.click("text=Compare curves")
    page.wait_for_selector("text=Curves of several runs")
    check(page, f"compare-{tag}", wide)
    page.goto(f"{root}/#run=first")
    page.wait_for_selector("#curves figure")
    page.wait_for_selector("#improving img")
    assert page.locator("#messages tbody tr").count() >= 6, "links of the last batch"
    page.wait_for_selector("#live img[src]", state="visible")
    page.click("text=Ask what settling bears")
    page.wait_for_selector("#verdict")
    until(page, "[...document.images].every((image) => image.complete)")
    check(page, f"run-{tag}", wide)
    page.goto(f"{root}/#touch=first")
    page.wait_for_selector("#ages")
    check(page, f"touch-{tag}", wide)
    context.close()


def live(browser):
    """A run starts, and its curve grows without a reload."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    watch(page)
    page.goto(address)
    training = subprocess.Popen(train("live", "--epochs", "6"), cwd=runs, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (runs / "live" / "run.json").exists():
        time.sleep(0.1)
    page.goto(f"{root}/#run=live")
    until(page, "/epoch [1-5]\\./.test(document.getElementById('state')?.textContent)", 120)
    first = page.get_attribute("#live img", "src")
    until(page, "/Finished, epoch 6\\./.test(document.getElementById('state')?.textContent)", 240)
    assert training.wait(timeout=60) == 0
    until(page, f"document.querySelector('#live img').getAttribute('src') !== {json.dumps(first)}")
    page.locator("#live").screenshot(path=shots / "live.png")
    page.close()


def ages(page, kind):
    return [int(age) for age in page.locator(f"#ages .{kind}").all_inner_texts() if age.isdigit()]


def touched(browser):
    """A settle is played, paused and stepped; a population is slowed, and what it sends gets older."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    watch(page)
    page.goto(address)
    page.goto(f"{root}/#touch=first")
    page.wait_for_selector("#ages")
    page.click("#play")
    until(page, "Number(document.getElementById('tick').value) > 3")
    page.click("#play")
    paused = page.input_value("#tick")
    page.click("#on")
    assert int(page.input_value("#tick")) == int(paused) + 1
    page.focus("#back")
    page.keyboard.press("Enter")
    assert page.input_value("#tick") == paused
    page.focus("#tick")
    page.keyboard.press("Home")
    for _ in range(9):
        page.keyboard.press("ArrowRight")
    page.select_option("#who", "z1")
    page.fill("#period", "16")
    before = page.locator("pre").last.inner_text()
    page.click("#slow")
    page.wait_for_selector("text=Take back")
    page.focus("#tick")
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    untouched = ages(page, "still")
    command = page.locator("pre").last.inner_text()
    assert command != before and 'Clock("z1", (period: 16))' in command, command
    page.locator("#ages").scroll_into_view_if_needed()
    page.screenshot(path=shots / "touched.png", full_page=True)
    if sum(ages(page, "unheard")) <= sum(untouched):
        faults.append(f"nothing is older for a slow population: {ages(page, 'unheard')}, untouched {untouched}")
    with page.expect_download() as download:
        page.click("text=input.npy >> nth=-1")
    download.value.save_as(runs / "input.npy")
    for name in ("Curves as SVG", "Picture as PNG", "Curves as CSV", "Settling as RON"):
        with page.expect_download() as download:
            page.click(f"text={name}")
        download.value.save_as(shots / download.value.suggested_filename)
    words = command.replace("gncn", f"'{gncn}'", 1)
    told = subprocess.run(["sh", "-c", f"{words} --json"], cwd=runs, check=True, capture_output=True, text=True).stdout
    # The program and the page tell the same free energy at the readout, to the last digit.
    asked = page.evaluate(
        """async ([schedule]) => (await (await fetch('/api/settle', { method: 'POST', headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ run: 'first', schedule }) })).json()).readout.z0""",
        [re.search(r"--schedule '(.*)'$", command).group(1)],
    )
    assert json.loads(told)["energies"]["z0"][-1] == asked, (json.loads(told)["energies"]["z0"][-1], asked)
    page.click("text=Draw one")
    canvas = page.locator("canvas").first
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 3 / 4, steps=20)
    page.mouse.up()
    page.wait_for_timeout(1500)
    page.screenshot(path=shots / "drawn.png")
    page.close()


try:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for wide, scheme in ((360, "light"), (360, "dark"), (1280, "light"), (1280, "dark"), (1920, "light")):
            look(browser, wide, scheme)
        live(browser)
        touched(browser)
        browser.close()
finally:
    view.send_signal(signal.SIGINT)
    code = view.wait(timeout=20)
if code != 0:
    faults.append(f"`gncn view` ended with {code}")
for fault in dict.fromkeys(faults):
    print(fault)
print(f"{len(set(faults))} faults; pictures are in {shots}; axe-core {'looked' if axe else 'was not there'}")
sys.exit(1 if faults else 0)
