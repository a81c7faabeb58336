// What happens when: at the start, when another language is chosen, when the screen turns dark, when the page is printed.

const dark = matchMedia("(prefers-color-scheme: dark)");

async function fill() {
  document.title = said(data.title);
  root.lang = language() === "zh" ? "zh-CN" : "en";
  for (const button of document.querySelectorAll(".lang button")) button.setAttribute("aria-pressed", String(button.value === language()));
  await drawAll();
  await makeTables();
  await makeCases();
  root.dataset.ready = language();
}

function speak(lang) {
  root.dataset.lang = lang;
  return fill();
}

function followTheme() {
  root.classList.toggle("dark", dark.matches); // by which DataTables knows
}

// The section that is being read is marked in the contents.
const contents = new Map([...document.querySelectorAll("nav li a")].map((link) => [link.hash.slice(1), link]));
const watch = new IntersectionObserver((entries) => {
  for (const entry of entries.filter((one) => one.isIntersecting)) {
    for (const link of contents.values()) link.removeAttribute("aria-current");
    contents.get(entry.target.id)?.setAttribute("aria-current", "true");
  }
}, { rootMargin: "-20% 0px -70% 0px" });

for (const section of document.querySelectorAll("main > section")) watch.observe(section);
for (const button of document.querySelectorAll(".lang button")) button.addEventListener("click", () => speak(button.value));
document.getElementById("case-text")?.addEventListener("input", listCases);
for (const id of ["case-kind", "case-rule"]) document.getElementById(id)?.addEventListener("change", listCases);
dark.addEventListener("change", followTheme);
addEventListener("afterprint", followTheme);
addEventListener("beforeprint", () => {
  root.classList.remove("dark");
  for (const table of shown.values()) if (table.rows().count() <= 100) table.page.len(-1).draw();
});
followTheme();
fill();
