// Which language, and how are numbers written in it? A text is {zh, en} wherever it stands in the data.

const data = JSON.parse(document.getElementById("report-data").textContent);
const root = document.documentElement;

// The libraries are kept as text in the page and loaded from memory; a module is what they export.
const libraries = JSON.parse(document.getElementById("report-libraries").textContent);

async function library(name) {
  const address = URL.createObjectURL(new Blob([libraries[name]], { type: "text/javascript" }));
  const module = await import(address);
  URL.revokeObjectURL(address);
  return module;
}

function language() {
  return root.dataset.lang;
}

function said(text) {
  if (text === null || text === undefined) return "–";
  return typeof text === "object" ? text[language()] : String(text);
}

// The same structure with every {zh, en} in it replaced by the words of the language.
function localised(value) {
  if (Array.isArray(value)) return value.map(localised);
  if (value === null || typeof value !== "object") return value;
  if ("zh" in value && "en" in value) return value[language()];
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, localised(inner)]));
}

const written = {
  text: (value) => said(value),
  count: (value) => value.toLocaleString("en-US"),
  number: (value) => value.toLocaleString("en-US", { maximumFractionDigits: 2 }),
  share: (value) => `${(value * 100).toFixed(value === 0 || value === 1 ? 0 : 1)}%`,
  yuan: (value) => `¥${(value / 100).toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`,
  hours: (value) => (Math.abs(value) < 48 ? said({ zh: `${value.toFixed(1)}小时`, en: `${value.toFixed(1)} h` })
    : said({ zh: `${(value / 24).toFixed(1)}天`, en: `${(value / 24).toFixed(1)} d` })),
  range: ([value, low, high]) => `${written.share(value)} (${Math.round(low * 100)}–${Math.round(high * 100)})`,
};

// What nobody can say is a dash, never a nought.
function write(kind, value) {
  return value === null || value === undefined ? "–" : (written[kind] ?? written.text)(value);
}

function element(name, attributes = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(key, value);
  }
  made.append(...inside.filter((one) => one !== null));
  return made;
}
