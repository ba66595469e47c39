// One film of a studio at a time; whoever plays it is told which.
for (const studio of document.querySelectorAll(".studio")) {
  const films = studio.querySelectorAll(".clip, .sequence");
  const chooser = studio.querySelector(".chooser");
  const choice = chooser.querySelector("select");

  const choose = (index) => {
    choice.value = index;
    films.forEach((film, other) => (film.hidden = other !== index));
    studio.dispatchEvent(new CustomEvent("choose", { detail: index }));
  };

  choice.addEventListener("change", () => choose(Number(choice.value)));
  for (const button of chooser.querySelectorAll(".step"))
    button.addEventListener("click", () => choose((Number(choice.value) + Number(button.dataset.step) + films.length) % films.length));
  chooser.hidden = false;
  choose(0);
}
