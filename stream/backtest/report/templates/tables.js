// Tables that sort and filter, by DataTables: one search over all columns, and a list to choose from for columns of few values.

const WORDS = {
  zh: {
    search: "搜索", lengthMenu: "每页 _MENU_ 行", info: "第 _START_–_END_ 行，共 _TOTAL_ 行", infoEmpty: "没有行", infoFiltered: "（全部 _MAX_ 行）",
    zeroRecords: "没有符合的行", emptyTable: "没有数据", paginate: { first: "首页", last: "末页", next: "下一页", previous: "上一页" },
    aria: { orderable: "：按此列排序", orderableReverse: "：反向排序", orderableRemove: "：取消排序", paginate: { first: "首页", last: "末页", next: "下一页", previous: "上一页" } },
  },
  en: {
    search: "Search", lengthMenu: "_MENU_ rows a page", info: "Rows _START_–_END_ of _TOTAL_", infoEmpty: "No rows", infoFiltered: "(of _MAX_)",
    zeroRecords: "No row matches", emptyTable: "No data", paginate: { first: "first", last: "last", next: "next", previous: "previous" },
  },
};
const IS_NUMBER = new Set(["count", "number", "share", "yuan", "hours", "range"]);
const shown = new Map();

function sortable(kind, value) {
  if (value === null || value === undefined) return IS_NUMBER.has(kind) ? -Infinity : "";
  if (kind === "range") return value[0];
  return kind === "badge" ? value.rank ?? said(value.words) : IS_NUMBER.has(kind) ? value : said(value);
}

function cell(kind, value) {
  if (value === null || value === undefined) return "–";
  if (kind === "badge") return element("span", { class: `badge ${value.kind}` }, said(value.words));
  if (kind === "case") {
    return element("button", { type: "button", class: "open-case", onclick: () => showCase(value, true) }, said({ zh: "看个案", en: "open" }));
  }
  return kind === "words" ? shortened(said(value)) : write(kind, value);
}

// A long text is one line until it is opened.
function shortened(text) {
  const most = language() === "zh" ? 34 : 72;
  return text.length <= most ? text : element("details", {}, element("summary", {}, `${text.slice(0, most)} …`), text);
}

function column(described, index) {
  return {
    data: index,
    title: said(described.title),
    className: IS_NUMBER.has(described.kind) ? "number" : described.kind === "time" || described.kind === "badge" ? "fixed" : described.kind === "words" ? "words" : described.filter || index === 0 ? "name" : "",
    type: IS_NUMBER.has(described.kind) ? "num" : "string",
    orderable: described.kind !== "case",
    render: (value, use) => (use === "display" ? cell(described.kind, value) : use === "filter"
      ? (described.kind === "badge" ? said(value?.words) : write(described.kind, value)) : sortable(described.kind, value)),
  };
}

function makeTable(DataTable, place) {
  const described = data.tables[place.dataset.table];
  const before = shown.get(place);
  const kept = before ? { search: before.search(), order: before.order() } : null;
  before?.destroy();
  place.replaceChildren(element("caption", {}, said(described.caption)));
  const table = new DataTable(place, {
    data: described.rows, columns: described.columns.map(column), order: kept?.order ?? described.order, pageLength: described.page, autoWidth: false,
    lengthMenu: [10, 25, 50, 100], language: WORDS[language()], deferRender: true, search: { search: kept?.search ?? "" },
    layout: described.rows.length > 10 ? { topStart: "pageLength", topEnd: "search", bottomStart: "info", bottomEnd: "paging" }
      : { topStart: null, topEnd: "search", bottomStart: "info", bottomEnd: null },
    paging: described.rows.length > 10,
  });
  shown.set(place, table);
  makeFilters(table, described, place);
}

// A list of a column's values; the choice must match the whole cell.
function makeFilters(table, described, place) {
  const bar = document.querySelector(`[data-filters="${place.dataset.table}"]`);
  bar.replaceChildren();
  described.columns.forEach((one, index) => {
    if (!one.filter) return;
    const values = [...new Set(described.rows.map((row) => row[index]).filter((value) => value !== null).map((value) => said(value.words ?? value)))].sort();
    if (values.length < 2) return;
    const choose = element("select", { onchange: () => table.column(index).search(choose.value, { exact: choose.value !== "" }).draw() },
      element("option", { value: "" }, said({ zh: "全部", en: "all" })), ...values.map((value) => element("option", { value }, value)));
    bar.append(element("label", {}, said(one.title), choose));
  });
}

let DataTable = null;

async function makeTables() {
  if (DataTable === null) {
    ({ default: DataTable } = await library("datatables"));
    DataTable.ext.errMode = "throw";
  }
  for (const place of document.querySelectorAll("[data-table]")) makeTable(DataTable, place);
}
