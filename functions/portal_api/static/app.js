// The little that a page needs beyond htmx: a key to reach the search field, and
// one click for what must not be sent twice. Without scripts every form still works.
document.addEventListener("keydown", (event) => {
  const typing = /^(input|textarea|select)$/i.test(event.target.tagName);
  if (event.key === "/" && !typing) {
    const search = document.querySelector("input[type=search]");
    if (search) { event.preventDefault(); search.focus(); }
  }
});
document.addEventListener("submit", (event) => {
  const button = event.target.querySelector("button[data-once]");
  if (button) setTimeout(() => { button.disabled = true; }, 0);
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("button[data-once]").forEach((button) => { button.disabled = false; });
});
// A part of the page that renews itself keeps open what the reader has opened in it.
document.addEventListener("htmx:beforeSwap", (event) => {
  const part = event.detail.target;
  part.openDetails = [...part.querySelectorAll("details")].map((one) => one.open);
});
document.addEventListener("htmx:afterSwap", (event) => {
  const part = event.detail.target;
  part.querySelectorAll("details").forEach((one, n) => { one.open = part.openDetails?.[n] ?? one.open; });
});
document.querySelectorAll("[data-needs-script]").forEach((one) => { one.hidden = false; });
document.querySelectorAll("input[type=file][data-into]").forEach((input) => {
  input.addEventListener("change", async () => {
    const field = document.getElementById(input.dataset.into);
    if (input.files.length) { field.value = await input.files[0].text(); }
  });
});
