// The list of samples: filters, sorting and pages; what can be played is shown below it.
for (const browser of document.querySelectorAll(".browser")) {
  const PAGE = 20;
  const data = JSON.parse(browser.querySelector("script").textContent);
  const { columns, reached, counted } = data;
  const filters = browser.querySelector(".filters");
  const selects = [...filters.querySelectorAll("select")];
  const [search, playable] = ["input[type=search]", "input[type=checkbox]"].map((s) => filters.querySelector(s));
  const [found, body, output] = [".found", "tbody", ".pages output"].map((s) => browser.querySelector(s));
  const heads = [...browser.querySelectorAll("thead th[data-column]")];
  const steps = browser.querySelectorAll(".pages button");
  const studio = document.querySelector(".studio");
  const films = new Map(data.films.map((row, film) => [row, film]));
  const sample = columns.find((column) => column.name === "sample");
  const names = sample.words.map((name) => name.toLowerCase());
  const everything = Uint32Array.from(reached, (_, row) => row);
  let shown = everything;
  let page = 0;
  let sorted = { column: null, down: false };

  // What a column is sorted by: numbers as they are, words by their alphabetical place; gaps come last.
  const collator = new Intl.Collator(undefined, { numeric: true });
  const keys = columns.map(() => null);
  const keysOf = (index) => {
    const { words, values } = columns[index];
    if (keys[index]) return keys[index];
    if (!words) return (keys[index] = values);
    const order = words.map((_, k) => k).sort((a, b) => collator.compare(words[a], words[b]));
    const places = new Array(words.length);
    order.forEach((word, place) => (places[word] = place));
    return (keys[index] = values.map((value) => places[value]));
  };

  const cell = (text, kind) => {
    const made = document.createElement("td");
    made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };
  const number = (value) => (value === null ? "–" : String(value).replace("-", "−"));
  const line = (row) => {
    const made = document.createElement("tr");
    const first = cell("");
    if (films.has(row)) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "▶";
      button.setAttribute("aria-label", `Play ${sample.words[sample.values[row]]}`);
      button.addEventListener("click", () => play(films.get(row)));
      first.append(button);
    }
    made.append(first);
    for (const { name, words, values } of columns.filter((column) => column.shown))
      made.append(words ? cell(words[values[row]], ["sample", "attack", "goal"].includes(name) ? "text whole" : "text") : cell(number(values[row])));
    return made;
  };

  const play = (film) => {
    const choice = studio.querySelector(".chooser select");
    choice.value = film;
    choice.dispatchEvent(new Event("change"));
    studio.scrollIntoView();
    choice.focus({ preventScroll: true });
  };

  const draw = () => {
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    page = Math.min(Math.max(page, 0), pages - 1);
    body.replaceChildren(...Array.from(shown.subarray(page * PAGE, (page + 1) * PAGE), line));
    output.textContent = `page ${page + 1} of ${pages}`;
    steps[0].disabled = page === 0;
    steps[1].disabled = page === pages - 1;
  };

  const filter = () => {
    const wanted = selects.filter((s) => s.value !== "").map((s) => [columns[s.dataset.column].values, Number(s.value)]);
    const part = search.value.trim().toLowerCase();
    const named = part ? names.map((name) => name.includes(part)) : null;
    shown = everything.filter(
      (row) =>
        wanted.every(([values, value]) => values[row] === value) &&
        (!named || named[sample.values[row]]) &&
        (!playable?.checked || films.has(row)),
    );
    let [hits, of] = [0, 0];
    for (const row of shown) {
      hits += reached[row];
      of += counted[row];
    }
    const share = of ? `; success in ${((100 * hits) / of).toFixed(1)} % of the ${of.toLocaleString("en")} ${browser.dataset.unit} that count` : "";
    found.textContent = `${shown.length.toLocaleString("en")} of ${everything.length.toLocaleString("en")} samples${share}`;
    sort();
  };

  const sort = () => {
    heads.forEach((head) => {
      if (Number(head.dataset.column) === sorted.column) head.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    if (sorted.column !== null) {
      const values = keysOf(sorted.column);
      const sign = sorted.down ? -1 : 1;
      shown.sort((a, b) => {
        const [x, y] = [values[a], values[b]];
        if (x === null || y === null) return (x === null) - (y === null) || a - b;
        return sign * (x - y) || a - b;
      });
    }
    page = 0;
    draw();
  };

  heads.forEach((head) =>
    head.querySelector("button").addEventListener("click", () => {
      const index = Number(head.dataset.column);
      sorted = { column: index, down: sorted.column === index && !sorted.down };
      shown = shown.slice();
      sort();
    }),
  );
  steps.forEach((button) =>
    button.addEventListener("click", () => {
      page += Number(button.dataset.step);
      draw();
    }),
  );
  filters.addEventListener("input", filter);
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.addEventListener("reset", () => setTimeout(filter));
  browser.hidden = false;
  filter();
}
