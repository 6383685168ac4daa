// Tooltips for charts, sliders for thresholds, links to the explorer. Without this script the page still says everything.
const applied = {};
const views = {};

for (const data of document.querySelectorAll("script[data-chart]")) {
  const place = document.getElementById(data.dataset.chart);
  const near = new IntersectionObserver((seen) => {
    if (!seen.some((one) => one.isIntersecting)) return;
    near.disconnect();
    draw(place, JSON.parse(data.textContent));
  }, { rootMargin: "400px" });
  near.observe(place);
}

function draw(place, spec) {
  spec.width = Math.min(place.clientWidth, 560);
  for (const param of spec.params ?? []) if (param.name in applied) param.value = applied[param.name];
  const fresh = document.createElement("div");
  const options = { ast: true, renderer: "svg", actions: false, mode: "vega-lite", tooltip };
  vegaEmbed(fresh, spec, options).then((drawn) => {
    views[place.id] = drawn.view;
    place.replaceChildren(fresh);
    move();
  });
}

// Texts of the corpus become text nodes here; Vega's own tooltip writes HTML, and shows nothing for some.
const tip = document.createElement("dl");
tip.id = "tip";
tip.hidden = true;
document.body.append(tip);

function tooltip(handler, event, item, value) {
  tip.hidden = value == null || value === "";
  if (tip.hidden) return;
  tip.replaceChildren(...Object.entries(value).flatMap(([name, text]) => {
    const [term, said] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = name;
    said.textContent = text;
    said.dir = "auto";
    return [term, said];
  }));
  const { width, height } = tip.getBoundingClientRect();
  const fits = (start, size, room) => Math.max(4, start + 14 + size > room ? start - size - 10 : start + 14);
  tip.style.left = `${fits(event.clientX, width, document.documentElement.clientWidth)}px`;
  tip.style.top = `${fits(event.clientY, height, window.innerHeight)}px`;
}

function move() {
  for (const view of Object.values(views)) {
    let moved = false;
    for (const [name, value] of Object.entries(applied)) {
      try {
        if (view.signal(name) !== value) moved = !!view.signal(name, value);
      } catch { /* a chart without this threshold */ }
    }
    if (moved) view.runAsync();
  }
}

const grid = document.getElementById("threshold-grid");
if (grid) sliders(JSON.parse(grid.textContent));

function sliders({ steps, transforms, kinds, partitions, counts }) {
  const scores = ["factual", "emotional"];
  const inputs = scores.map((score) => document.getElementById(`slide-${score}`));
  const start = inputs.map((input) => input.value);
  const show = () => {
    scores.forEach((score, place) => {
      applied[score] = steps[score][inputs[place].value];
      document.getElementById(`at-${score}`).textContent = applied[score];
      inputs[place].setAttribute("aria-valuetext", applied[score]);
    });
    const pairs = counts[inputs[0].value * steps.emotional.length + Number(inputs[1].value)];
    const all = pairs.reduce((sum, count) => sum + count, 0) || 1;
    const bar = document.getElementById("share-moved");
    partitions.forEach((name, place) => {
      const share = (100 * pairs[place]) / all;
      const part = bar.children[place];
      part.style.width = `${share}%`;
      part.textContent = share > 8 ? `${share.toFixed(0)} %` : "";
      document.getElementById(`moved-${name}`).textContent = `${pairs[place].toLocaleString("en")} (${share.toFixed(1)} %)`;
    });
    const lines = scores.map((score) => `  ${score}: {transform: ${transforms[score]}, threshold: ${applied[score]}, share: null, set_for: ${kinds[score]}}`);
    document.getElementById("params-line").textContent = ["partition:", ...lines].join("\n");
    move();
  };
  for (const input of inputs) input.addEventListener("input", show);
  document.getElementById("slide-back").addEventListener("click", () => {
    inputs.forEach((input, place) => { input.value = start[place]; });
    show();
  });
  document.getElementById("sliders").hidden = false;
  document.getElementById("threshold-tables").open = false;
  show();
}

// The link to a section opens what is folded in it; on paper all is open.
const closable = [...document.querySelectorAll("details.fold, #threshold-tables")];
window.addEventListener("beforeprint", () => { for (const one of closable) one.open = true; });
for (const link of document.querySelectorAll("nav a")) {
  link.addEventListener("click", () => {
    const fold = document.querySelector(`${link.hash} > details.fold`);
    if (fold) fold.open = true;
  });
}

// The navigation marks the section that is read.
const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
const sections = [...document.querySelectorAll("section[id]")];
function mark() {
  const passed = sections.filter((section) => section.getBoundingClientRect().top < window.innerHeight / 3);
  const here = passed.at(-1) ?? sections[0];
  for (const [id, link] of links) {
    if (id !== here.id) link.removeAttribute("aria-current");
    else if (!link.hasAttribute("aria-current")) {
      link.setAttribute("aria-current", "true");
      link.parentElement.scrollTo({ left: link.offsetLeft - 40 });
    }
  }
}
window.addEventListener("scroll", mark, { passive: true });
mark();

// Each sample pair in the explorer: the one that serves this page, or the one of this machine.
const explorer = location.protocol.startsWith("http") ? "" : "http://127.0.0.1:8765";
for (const place of document.querySelectorAll("[data-pair]")) {
  const link = document.createElement("a");
  link.href = `${explorer}/pair/${place.dataset.pair}`;
  link.textContent = place.textContent;
  link.title = "In the explorer, while 'pacl explore' runs";
  place.replaceChildren(link);
}
