// Single cases: a list to search in, and the chosen one with its words, its figures and its pictures.

const list = document.getElementById("case-list");
const place = document.getElementById("case");
let chosen = null;

function searched(one) {
  one.search ??= JSON.stringify([one.title, one.kind, one.rule, one.where, one.words, one.facts, one.visits]).toLowerCase();
  return one.search;
}

function matches(one, text, kind, rule) {
  return (kind === "" || one.kind.kind === kind) && (rule === "" || one.rule === rule)
    && text.toLowerCase().split(/\s+/).every((word) => searched(one).includes(word));
}

function listCases() {
  const [text, kind, rule] = ["case-text", "case-kind", "case-rule"].map((id) => document.getElementById(id).value);
  const found = data.cases.map((one, index) => [one, index]).filter(([one]) => matches(one, text, kind, rule));
  list.replaceChildren(...found.map(([one, index]) => element("li", {},
    element("button", { type: "button", "aria-current": index === chosen ? "true" : null, onclick: () => showCase(index) },
      element("span", {}, said(one.title)), " ", element("span", { class: `badge ${one.kind.kind}` }, said(one.kind.words)),
      element("span", { class: "sub" }, element("span", {}, one.where), element("span", {}, write("yuan", one.fund)))))));
  const count = document.getElementById("case-count");
  count.textContent = said({ zh: `${found.length} / ${data.cases.length} 个`, en: `${found.length} of ${data.cases.length}` });
}

function facts(pairs) {
  return element("dl", { class: "facts" }, ...pairs.flatMap(([name, value]) => [element("dt", {}, said(name)), element("dd", {}, said(value))]));
}

// A small table; a column is its title and how its values are written.
function small(caption, columns, rows) {
  const cells = (row) => row.map((value, n) => element("td", { class: IS_NUMBER.has(columns[n][1]) ? "number" : columns[n][1] === "time" ? "fixed" : null }, write(columns[n][1], value)));
  const heads = columns.map(([title, kind]) => element("th", { scope: "col", class: IS_NUMBER.has(kind) ? "number" : null }, said(title)));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": said(caption) }, element("table", { class: "plain" }, element("caption", {}, said(caption)),
    element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...rows.map((row) => element("tr", {}, ...cells(row))))));
}

const MEASURES = [[{ zh: "指标", en: "measure" }, "text"], [{ zh: "实测", en: "measured" }, "number"], [{ zh: "上限", en: "limit" }, "number"],
  [{ zh: "预期", en: "expected" }, "number"], [{ zh: "单位", en: "unit" }, "text"]];
const VISITS = [[{ zh: "就诊", en: "visit" }, "text"], [{ zh: "人员", en: "person" }, "text"], [{ zh: "开始", en: "begin" }, "time"],
  [{ zh: "结束", en: "end" }, "time"], [{ zh: "诊断", en: "diagnosis" }, "text"], [{ zh: "政策范围内", en: "within scope" }, "yuan"], [{ zh: "机构", en: "institution" }, "text"]];

async function showCase(index, goThere = false) {
  chosen = index;
  const one = data.cases[index];
  place.replaceChildren(
    element("h3", { tabindex: "-1", id: "case-title" }, said(one.title), " ", element("span", { class: `badge ${one.kind.kind}` }, said(one.kind.words))),
    element("p", { class: "said" }, said(one.words)), facts(one.facts), 
    one.measures.length ? small({ zh: "依据的数值", en: "What it rests on" }, MEASURES, one.measures) : null,
  );
  for (const picture of one.pictures) {
    const chart = element("div", { class: "chart", role: "group", "aria-label": said(picture.caption) });
    place.append(element("figure", {}, element("figcaption", {}, said(picture.caption), picture.note ? element("span", { class: "note" }, said(picture.note)) : null), chart));
    await draw(chart, picture.spec);
  }
  if (one.visits.length) place.append(small({ zh: "就诊", en: "Visits" }, VISITS, one.visits));
  listCases();
  if (goThere) {
    document.getElementById("cases").scrollIntoView();
    document.getElementById("case-title").focus({ preventScroll: true });
  }
}

async function makeCases() {
  if (list === null) return;
  for (const [id, texts] of [["case-kind", data.case_kinds], ["case-rule", data.case_rules]]) {
    const choose = document.getElementById(id);
    const kept = choose.value;
    choose.replaceChildren(element("option", { value: "" }, said({ zh: "全部", en: "all" })), ...Object.entries(texts).map(([value, words]) => element("option", { value }, said(words))));
    choose.value = kept;
  }
  listCases();
  // Against a baseline, what is new is what one wants to see first.
  if (data.cases.length) await showCase(chosen ?? Math.max(0, data.cases.findIndex((one) => one.kind.kind === "gained")));
}
