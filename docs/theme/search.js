// Search in the pages' index (index.js), which is loaded as a script: a page that is opened as a file may read no other.
"use strict";

const MOST = 12;
const query = document.getElementById("query");
const found = document.getElementById("found");
const parts = INDEX.map(({ location, title, text }) => ({
  location, title, text, inTitle: title.toLowerCase(), inText: text.toLowerCase(),
  page: (INDEX.find((each) => each.location === location.split("#")[0]) || { title: "" }).title,
}));

function worth(part, words) {
  let sum = 0;
  for (const word of words) {
    const title = part.inTitle.includes(word) || part.location.toLowerCase().includes(word);
    const count = part.inText.split(word).length - 1;
    if (!title && !count) return 0;
    sum += (title ? 20 : 0) + Math.min(count, 5);
  }
  return sum + (part.location.includes("#") ? 0 : 1);
}

function around(part, word) {
  const at = Math.max(part.inText.indexOf(word), 0);
  const begin = at > 40 ? part.text.indexOf(" ", at - 40) + 1 : 0;
  return (begin ? "… " : "") + part.text.slice(begin, begin + 110).trim() + " …";
}

function show() {
  const words = query.value.toLowerCase().split(/\s+/).filter((word) => word.length > 1);
  found.replaceChildren();
  found.hidden = !words.length;
  if (!words.length) return;
  const best = parts.map((part) => [worth(part, words), part]).filter(([sum]) => sum)
    .sort(([one], [other]) => other - one).slice(0, MOST);
  for (const [, part] of best) {
    const link = document.createElement("a");
    link.href = `${BASE}/${part.location}`;
    link.textContent = part.page && part.page !== part.title ? `${part.title} · ${part.page}` : part.title;
    const text = document.createElement("small");
    text.textContent = around(part, words[0]);
    link.append(text);
    const item = document.createElement("li");
    item.append(link);
    found.append(item);
  }
  if (!best.length) {
    const none = document.createElement("p");
    none.textContent = "Nothing found.";
    found.append(none);
  }
}

query.addEventListener("input", show);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== query) {
    event.preventDefault();
    query.focus();
  } else if (event.key === "Escape" && document.activeElement === query) {
    query.value = "";
    show();
  } else if (event.key === "Enter" && document.activeElement === query) {
    found.querySelector("a")?.click();
  }
});
const asked = new URLSearchParams(location.search).get("q");
if (asked) {
  query.value = asked;
  show();
}
