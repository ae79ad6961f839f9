"use strict";
// The page asks the same REST paths as any client: `serving_default` while one types, `explain` once one pauses.

const WORDS = {
  ko: {
    skip: "문장 입력으로", model: "모델", language: "언어",
    lead: "'죽인다'는 욕일까, 칭찬일까? 둘레의 말이 정한다. 리뷰를 적으면 모델이 어떻게 읽는지 보여 준다.",
    examples: "예문", texts: "두 문장을 견주기", first: "첫째 문장", second: "둘째 문장",
    hide: "맥락 가리기", pieces: "조각마다 바뀌는 판단", gates: "게이트 열지도",
    gatesHow: "칸마다 왼쪽에서 오른쪽으로 읽는 첫 층의 게이트다. 가로는 조각, 세로는 유닛이며 색이 강할수록 열려 있다. 망각(forget) 게이트가 옅어지는 조각에서 앞의 내용을 놓는다.",
    how: "막대는 그 조각까지 읽었을 때 긍정일 확률이다. 파란 실선 밑줄은 긍정을, 빨간 점선 밑줄은 부정을 편드는 조각이며 색이 강할수록 세다. 두 문장이 함께 쓰는 말에는 테두리가 있다.",
    copy: "링크 복사", copied: "복사했다", copyFailed: "주소창의 주소를 복사하면 된다",
    footer: "적은 글은 이 서버 밖으로 나가지 않으며, 서버도 남기지 않는다. 주소에는 글이 들어 있다.",
    positive: "긍정", negative: "부정", nothing: "글을 적으면 읽는다", hidden: "맥락을 가린 말: ",
    shared: (phrase) => `함께 쓰는 말: “${phrase}”`, none: "두 문장이 함께 쓰는 말이 없다",
    right: "둘 다 맞힘", wrong: (which) => `이 모델이 틀림: ${which}`, ofPos: "긍정 문장", ofNeg: "부정 문장", both: "두 문장 다",
    score: (right, all) => `예문 ${all}쌍 가운데 ${right}쌍을 둘 다 맞혔다.`,
    supports: "긍정을 편듦", opposes: "부정을 편듦", flips: "판단이 바뀜", noGates: "이 셀에는 게이트가 없다.",
    map: (name) => `${name} 게이트: 조각마다, 유닛마다 얼마나 열렸는지`, c: "기억 c",
    failed: "서버가 대답하지 않는다. ", tooLong: "이 모델은 읽은 조각이 너무 많아 설명하지 못했다.",
  },
  en: {
    skip: "To the sentences", model: "Model", language: "Language",
    lead: "Is 죽인다 (\"it kills\") a threat or a rave? The words around it decide. Type a review and see how the model reads it.",
    examples: "Examples", texts: "Two sentences side by side", first: "First sentence", second: "Second sentence",
    hide: "Hide the context", pieces: "The verdict after each piece", gates: "Gates as a heat map",
    gatesHow: "The gates of the first layer as it reads left to right. Columns are pieces, rows are units; the stronger the colour, the more open. Where the forget gate pales, the network lets go of what came before.",
    how: "A bar is the probability of positive once it has been read up to that piece. A solid blue underline speaks for positive, a dashed red one for negative; the stronger the colour, the more. What both sentences share is framed.",
    copy: "Copy link", copied: "copied", copyFailed: "copy the address from the address bar",
    footer: "What you type doesn't leave this server, and the server doesn't keep it. The link holds the texts.",
    positive: "positive", negative: "negative", nothing: "Type something to read", hidden: "Without its context: ",
    shared: (phrase) => `They share “${phrase}”`, none: "The two sentences share no phrase",
    right: "both right", wrong: (which) => `this model errs: ${which}`, ofPos: "the positive one", ofNeg: "the negative one", both: "both",
    score: (right, all) => `Of ${all} pairs it gets both sentences right in ${right}.`,
    supports: "speaks for positive", opposes: "speaks for negative", flips: "the verdict turns", noGates: "This cell has no gates.",
    map: (name) => `${name} gate: how open it is, by piece and unit`, c: "memory c",
    failed: "The server doesn't answer. ", tooLong: "There was too much to explain.",
  },
};
const SIDES = ["a", "b"];
const PAUSE = 250; // ms without a key until a text is explained

const $ = (id) => document.getElementById(id);
const state = { lang: "ko", hide: false, model: "", examples: [], marks: [], explained: {}, positive: {}, asked: {} };
const say = (key, ...given) => {
  const words = WORDS[state.lang][key];
  return typeof words === "function" ? words(...given) : words;
};
const percent = (p) => `${Math.round(100 * p)}%`;

// Asking

async function ask(texts, signature, signal) {
  const response = await fetch(`/v1/models/${encodeURIComponent(state.model)}:predict`, {
    method: "POST", signal, headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ inputs: texts, ...(signature ? { signature_name: signature } : {}) }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer.outputs;
}

// Of each side at most one request of a kind is under way; what was typed meanwhile is asked next.
const busy = {}, again = {}, timers = {};
async function latest(key, work) {
  if (busy[key]) { again[key] = work; return; }
  busy[key] = true;
  try {
    await work();
    $("problem").hidden = true;
  } catch (error) {
    $("problem").textContent = say("failed") + error.message;
    $("problem").hidden = false;
    state.asked = {};
  }
  busy[key] = false;
  if (again[key]) { const next = again[key]; delete again[key]; latest(key, next); }
}

const shownText = (side) => {
  const phrase = sharedPhrase();
  return state.hide && phrase ? phrase : $(`text-${side}`).value;
};

function read(side) {
  const text = shownText(side);
  keepInLink();
  const asked = JSON.stringify([state.model, text]);
  if (state.asked[side] === asked) { // what changed is the other text: only what they share may be another
    drawVerdict(side);
    drawPieces(side);
    return;
  }
  state.asked[side] = asked;
  clearTimeout(timers[side]);
  if (!text.trim()) {
    state.positive[side] = null;
    state.explained[side] = null;
    drawVerdict(side);
    drawPieces(side);
    return;
  }
  latest(`read-${side}`, async () => {
    const [positive] = await ask([text]);
    if (shownText(side) !== text) return;
    state.positive[side] = positive;
    drawVerdict(side);
  });
  timers[side] = setTimeout(() => latest(`explain-${side}`, () => explain(side, text)), PAUSE);
}

async function explain(side, text) {
  if (shownText(side) !== text) return;
  const found = await ask([text], "explain");
  if (shownText(side) !== text) return;
  const count = found.pieces[0].filter((piece) => piece !== "").length;
  const gates = Object.keys(found).filter((name) => name.startsWith("gate_"))
    .map((name) => [name.slice(5), found[name][0].slice(0, count)]);
  state.explained[side] = {
    pieces: found.pieces[0].slice(0, count), after: found.after[0].slice(0, count),
    attribution: found.attribution[0].slice(0, count), gates,
  };
  drawPieces(side);
}

function changed() {
  drawShared();
  SIDES.forEach(read);
}

// Drawing

function drawVerdict(side) {
  const positive = state.positive[side], verdict = $(`verdict-${side}`);
  verdict.className = "verdict" + (positive == null ? "" : positive >= 0.5 ? " pos" : " neg");
  const hidden = state.hide && sharedPhrase();
  const what = positive == null ? say("nothing")
    : `${positive >= 0.5 ? say("positive") : say("negative")} ${percent(positive >= 0.5 ? positive : 1 - positive)}`;
  verdict.textContent = (hidden && positive != null ? `${say("hidden")}“${hidden}” ` : "") + what;
  $(`meter-${side}`).style.width = percent(positive || 0);
}

function drawPieces(side) {
  const list = $(`pieces-${side}`), found = state.explained[side];
  list.replaceChildren();
  if (found) {
    const strongest = Math.max(1, ...found.attribution.map(Math.abs));
    const shared = piecesOf(found.pieces, sharedPhrase());
    found.pieces.forEach((piece, n) => {
      const turned = n > 0 && (found.after[n] >= 0.5) !== (found.after[n - 1] >= 0.5);
      const share = found.attribution[n], item = make("li");
      item.classList.toggle("word", piece.startsWith("▁") && n > 0);
      item.classList.toggle("flip", turned);
      item.classList.toggle("shared", shared.has(n));
      const bar = make("span", "bar"), fill = make("span");
      bar.setAttribute("aria-hidden", "true");
      fill.style.height = percent(found.after[n]);
      bar.append(fill);
      const label = make("span", `piece ${share >= 0 ? "for" : "against"}`, piece.replace("▁", "") || "␣");
      label.style.setProperty("--weight", Math.min(1, Math.abs(share) / strongest).toFixed(3));
      const spoken = [say(share >= 0 ? "supports" : "opposes"), share.toFixed(1), turned ? say("flips") : ""];
      item.append(make("span", "percent", percent(found.after[n])), bar, label, make("span", "unseen", `, ${spoken.filter(Boolean).join(", ")}`));
      list.append(item);
    });
  }
  drawGates(side);
}

function drawGates(side) {
  const box = $(`gates-${side}`), found = state.explained[side], maps = box.querySelector(".maps");
  box.hidden = !found;
  maps.replaceChildren();
  if (!found || !box.open) return;
  if (!found.gates.length) maps.append(make("p", "note", say("noGates")));
  for (const [name, values] of found.gates) {
    const title = name === "c" ? say("c") : name, figure = make("figure"), canvas = make("canvas");
    drawMap(canvas, values);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", say("map", title));
    const ticks = make("div", "ticks");
    ticks.setAttribute("aria-hidden", "true");
    found.pieces.forEach((piece) => ticks.append(make("span", "", piece.replace("▁", ""))));
    figure.append(make("figcaption", "", title), canvas, ticks);
    maps.append(figure);
  }
}

function drawMap(canvas, values) {
  const units = values[0].length, style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  canvas.width = values.length;
  canvas.height = units;
  const most = Math.max(1, ...values.flat().map(Math.abs)), pen = canvas.getContext("2d");
  values.forEach((column, x) => column.forEach((value, y) => {
    pen.globalAlpha = Math.min(1, Math.abs(value) / most);
    pen.fillStyle = colour(value < 0 ? "--negative" : "--positive");
    pen.fillRect(x, y, 1, 1);
  }));
}

function drawShared() {
  const phrase = sharedPhrase();
  $("hide").disabled = !phrase;
  if (!phrase) state.hide = false;
  $("hide").setAttribute("aria-pressed", String(state.hide));
  const both = SIDES.every((side) => $(`text-${side}`).value.trim());
  $("shared").textContent = phrase ? say("shared", phrase) : both ? say("none") : "";
}

function drawExamples() {
  $("examples").replaceChildren(...state.examples.map((example, n) => {
    const item = make("li"), button = make("button", "", example.phrase), mark = state.marks[n];
    button.type = "button";
    if (mark) {
      const which = mark.pos && mark.neg ? "" : mark.pos ? say("ofNeg") : mark.neg ? say("ofPos") : say("both");
      button.append(make("span", which ? "mark wrong" : "mark", which ? `✗ ${say("wrong", which)}` : `✓ ${say("right")}`));
    }
    button.addEventListener("click", () => {
      $("text-a").value = example.pos;
      $("text-b").value = example.neg;
      state.hide = false;
      changed();
    });
    item.append(button);
    return item;
  }));
  const right = state.marks.filter((mark) => mark.pos && mark.neg).length;
  $("score").textContent = state.marks.length ? say("score", right, state.marks.length) : "";
}

function drawWords() {
  document.documentElement.lang = state.lang;
  document.querySelectorAll("[data-text]").forEach((element) => { element.textContent = say(element.dataset.text); });
  document.querySelectorAll("[data-label]").forEach((element) => element.setAttribute("aria-label", say(element.dataset.label)));
  for (const lang of Object.keys(WORDS)) $(`lang-${lang}`).setAttribute("aria-pressed", String(lang === state.lang));
  drawExamples();
  drawShared();
  SIDES.forEach((side) => { drawVerdict(side); drawPieces(side); });
}

function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

// What two sentences share

function sharedPhrase() {
  const [a, b] = SIDES.map((side) => $(`text-${side}`).value.trim().split(/\s+/).filter(Boolean));
  let best = [];
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < b.length; j++) {
      let n = 0;
      while (i + n < a.length && j + n < b.length && bare(a[i + n]) === bare(b[j + n]) && bare(a[i + n])) n++;
      const run = a.slice(i, i + n);
      if (run.join(" ").length >= best.join(" ").length && n) best = run;
    }
  }
  return best.join(" ");
}
const bare = (word) => word.toLowerCase().replace(/[.,!?~…'"“”]+/g, "");

// Which pieces spell a phrase: by where their letters stand in the text without spaces.
function piecesOf(pieces, phrase) {
  const found = new Set();
  const wanted = bare(phrase.replace(/\s+/g, "")), spelled = pieces.map((piece) => piece.replace("▁", "").toLowerCase());
  const start = wanted ? spelled.join("").lastIndexOf(wanted) : -1;
  let at = 0;
  spelled.forEach((piece, n) => {
    if (start >= 0 && at < start + wanted.length && at + piece.length > start) found.add(n);
    at += piece.length;
  });
  return found;
}

// The link

function keepInLink() {
  const held = new URLSearchParams({ a: $("text-a").value, b: $("text-b").value, lang: state.lang });
  if (state.hide) held.set("hide", "1");
  if ($("model").options.length > 1) held.set("model", state.model);
  history.replaceState(null, "", `#${held}`);
}

function readLink() {
  const held = new URLSearchParams(location.hash.slice(1));
  state.lang = WORDS[held.get("lang")] ? held.get("lang") : state.lang;
  SIDES.forEach((side) => { if (held.has(side)) $(`text-${side}`).value = held.get(side); });
  state.hide = held.get("hide") === "1";
  return held;
}

// Beginning

async function loadExamples() {
  const all = await (await fetch("examples.json")).json();
  state.examples = all[/imdb|english|_en$/.test(state.model) ? "en" : "ko"];
  state.marks = [];
  const read = await ask(state.examples.flatMap((example) => [example.pos, example.neg]));
  state.marks = state.examples.map((_, n) => ({ pos: read[2 * n] >= 0.5, neg: read[2 * n + 1] < 0.5 }));
  drawExamples();
}

async function begin() {
  state.lang = navigator.language.startsWith("ko") ? "ko" : "en";
  const held = readLink();
  drawWords();
  const { models } = await (await fetch("models.json")).json();
  $("model").replaceChildren(...models.map((name) => make("option", "", name)));
  state.model = models.includes(held.get("model")) ? held.get("model") : models[0];
  $("model").value = state.model;
  $("model-choice").hidden = models.length < 2;
  await loadExamples();
  if (!held.has("a") && !held.has("b") && !SIDES.some((side) => $(`text-${side}`).value)) {
    $("text-a").value = state.examples[0].pos;
    $("text-b").value = state.examples[0].neg;
  }
  changed();
}

for (const side of SIDES) {
  $(`text-${side}`).addEventListener("input", changed);
  $(`gates-${side}`).addEventListener("toggle", () => drawGates(side));
}
$("hide").addEventListener("click", () => { state.hide = !state.hide; changed(); });
$("model").addEventListener("change", () => {
  state.model = $("model").value;
  latest("examples", loadExamples);
  changed();
});
for (const lang of Object.keys(WORDS)) {
  $(`lang-${lang}`).addEventListener("click", () => { state.lang = lang; drawWords(); keepInLink(); });
}
$("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(location.href);
    $("copied").textContent = say("copied");
  } catch {
    $("copied").textContent = say("copyFailed");
  }
});
addEventListener("hashchange", () => { readLink(); drawWords(); changed(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => SIDES.forEach(drawGates));
latest("begin", begin);
