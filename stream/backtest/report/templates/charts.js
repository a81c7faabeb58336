// Draws Vega-Lite specifications as SVG, whose colours are the page's own variables: light, dark and paper without drawing again.

const FONT = getComputedStyle(document.body).fontFamily;
const LOOK = {
  background: "transparent",
  font: FONT,
  view: { stroke: null },
  axis: {
    labelColor: "var(--muted)", titleColor: "var(--muted)", gridColor: "var(--grid)", domainColor: "var(--line)", tickColor: "var(--line)",
    labelFontSize: 12, titleFontSize: 12, titleFontWeight: 500, labelLimit: 260, titlePadding: 8,
  },
  legend: { labelColor: "var(--ink)", titleColor: "var(--muted)", labelFontSize: 12, titleFontSize: 12, titleFontWeight: 500, labelLimit: 260, symbolStrokeWidth: 0 },
  header: { labelColor: "var(--ink)", titleColor: "var(--muted)" },
  range: { category: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `var(--c${n})`) },
  text: { color: "var(--ink)", font: FONT, fontSize: 12 },
};
const NAMES_ZH = {
  months: ["1月", "2月", "3月", "4月", "5月", "6月", "7月", "8月", "9月", "10月", "11月", "12月"],
  days: ["星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六"],
};
const FORMS_ZH = {
  dateTime: "%Y-%m-%d %X", date: "%Y-%m-%d", time: "%H:%M:%S", periods: ["上午", "下午"],
  days: NAMES_ZH.days, shortDays: NAMES_ZH.days.map((day) => day.slice(-1)), months: NAMES_ZH.months, shortMonths: NAMES_ZH.months,
};
const drawn = new Map();

// A chart as wide as its place, redrawn by the library when that changes; one that fails says so in its place.
async function draw(place, spec) {
  drawn.get(place)?.finalize();
  const look = { ...LOOK, ...(spec.config ?? {}) };
  const options = { renderer: "svg", actions: false, config: look, tooltip: { theme: "custom" } };
  if (language() === "zh") options.timeFormatLocale = FORMS_ZH;
  try {
    drawn.set(place, await vegaEmbed(place, localised({ width: "container", autosize: { type: "fit-x", contains: "padding" }, ...spec }), options));
  } catch (error) {
    place.textContent = said({ zh: `图未能绘出：${error.message}`, en: `This chart could not be drawn: ${error.message}` });
    place.classList.add("failed");
  }
}

async function drawAll() {
  if (!("vegaEmbed" in window)) await library("vega"); // it puts itself there
  for (const place of document.querySelectorAll("[data-chart]")) await draw(place, data.charts[place.dataset.chart]);
}
