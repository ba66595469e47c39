// One player per sequence: the clean and the attacked frame of one column of the film, side by side.
for (const sequence of document.querySelectorAll(".sequence")) {
  const player = sequence.querySelector(".player");
  const film = sequence.querySelectorAll(".frames img");
  const cursor = sequence.querySelector(".cursor");
  const [clean, attacked] = player.querySelectorAll("canvas");
  const slider = player.querySelector("input");
  const output = player.querySelector("output");
  const play = player.querySelector(".play");
  const next = player.querySelector(".next");
  const speed = player.querySelector("select");
  const edited = player.dataset.edited.split(" ").filter(Boolean).map(Number);
  const gap = Number(player.dataset.gap);
  const piece = Number(player.dataset.piece);
  const { width, height } = clean;
  const last = Number(slider.max);
  let timer = null;

  const draw = () => {
    const frame = Number(slider.value);
    [clean, attacked].forEach((canvas, row) => {
      const context = canvas.getContext("2d");
      const image = film[Math.floor(frame / piece)];
      context.drawImage(image, (frame % piece) * (width + gap), row * (height + gap), width, height, 0, 0, width, height);
    });
    const altered = edited.includes(frame);
    player.classList.toggle("at-edited", altered);
    output.textContent = `${frame + 1} / ${last + 1}${altered ? ", " + player.dataset.word : ""}`;
    slider.setAttribute("aria-valuetext", `frame ${output.textContent.replace("/", "of")}`);
    cursor.style.left = `${frame * (width + gap)}px`;
  };
  const seek = (frame) => {
    slider.value = frame;
    draw();
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  };
  const start = () => {
    clearInterval(timer);
    timer = setInterval(() => seek((Number(slider.value) + 1) % (last + 1)), 1000 / Number(speed.value));
    play.textContent = "Pause";
  };

  play.addEventListener("click", () => (timer === null ? start() : stop()));
  speed.addEventListener("change", () => timer !== null && start());
  slider.addEventListener("input", () => {
    stop();
    draw();
  });
  next?.addEventListener("click", () => {
    stop();
    seek(edited.find((frame) => frame > Number(slider.value)) ?? edited[0]);
  });
  film.forEach((image, index) =>
    image.addEventListener("click", (event) => {
      stop();
      seek(Math.min(last, index * piece + Math.floor(event.offsetX / (width + gap))));
    }),
  );
  sequence.closest(".studio")?.addEventListener("choose", stop);
  Promise.all([...film].map((image) => image.decode())).then(() => {
    player.hidden = cursor.hidden = false;
    draw();
  });
}
