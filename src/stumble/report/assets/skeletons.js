// The skeleton player: one clip at a time, the clean and the attacked skeleton turning side by side.
for (const studio of document.querySelectorAll(".studio")) {
  const stage = studio.querySelector(".stage");
  if (!stage) continue;
  const clips = studio.querySelectorAll(".clip");
  const [canvas, slider, play, output] = ["canvas", "input[type=range]", ".play", "output"].map((s) => stage.querySelector(s));
  const [turning, overlaid, speed, exaggeration] = [".turning", ".overlaid", ".speed", ".exaggeration"].map((s) => stage.querySelector(s));
  const context = canvas.getContext("2d");
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const HIDDEN = -32768;
  const TILT = 0.16; // radians by which the eye looks down
  let records = JSON.parse(studio.querySelector("script").textContent);
  let shown = null;
  let playing = false;
  let inView = false;
  let angle = 0.5;
  let clock = 0; // frames since the start
  let last = null;

  // From numbers to positions; a joint that is not there has no position.
  const unpack = (record, name) => {
    const [people, frames, joints, axes] = record.shape;
    const bytes = Uint8Array.from(atob(record[name]), (c) => c.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    const at = (index) => view.getInt16(2 * index, true);
    return (person, frame, joint) => {
      const first = ((person * frames + frame) * joints + joint) * axes;
      if (at(first) === HIDDEN) return null;
      return [0, 1, 2].map((axis) => (axis < axes ? record.origin[axis] + record.step * at(first + axis) : 0));
    };
  };

  // Where the people are in each frame, and how much room they take about that place.
  const prepare = (record) => {
    const [people, frames, joints, axes] = record.shape;
    const bodies = { clean: unpack(record, "clean"), adversarial: unpack(record, "adversarial") };
    const centres = [];
    let [low, high, radius] = [Infinity, -Infinity, 0];
    for (let frame = 0; frame < frames; frame++) {
      const points = [];
      for (let person = 0; person < people; person++)
        for (let joint = 0; joint < joints; joint++) {
          const point = bodies.clean(person, frame, joint);
          if (point) points.push(point);
        }
      const mean = (axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
      const centre = points.length ? [mean(0), mean(2)] : (centres.at(-1) ?? [0, 0]);
      centres.push(centre);
      for (const [x, y, z] of points) {
        low = Math.min(low, y);
        high = Math.max(high, y);
        radius = Math.max(radius, Math.hypot(x - centre[0], z - centre[1]));
      }
    }
    return { ...record, people, frames, joints, flat: axes === 2, bodies, centres, low, high, radius, marked: new Set(record.attacked) };
  };

  const project = (record, box, [x, y, z], centre) => {
    const [tilt, turn] = record.flat ? [0, 0] : [TILT, angle];
    const [dx, dy, dz] = [x - centre[0], y - (record.low + record.high) / 2, z - centre[1]];
    const across = Math.cos(turn) * dx + Math.sin(turn) * dz;
    const away = Math.cos(turn) * dz - Math.sin(turn) * dx;
    const up = Math.cos(tilt) * dy + Math.sin(tilt) * away;
    const depth = Math.cos(tilt) * away - Math.sin(tilt) * dy;
    const size = Math.max(record.high - record.low, 2 * record.radius);
    const near = record.flat ? 1 : (5 * size) / (5 * size + depth);
    return { x: box.x + box.scale * across * near, y: box.y - box.scale * up * near, depth };
  };

  const line = (a, b) => {
    context.beginPath();
    context.moveTo(a.x, a.y);
    context.lineTo(b.x, b.y);
    context.stroke();
  };

  // A grid that stays where it is while the people walk over it.
  const ground = (record, box, centre, colour) => {
    const spacing = (record.high - record.low) / 6;
    const reach = Math.max(record.radius, 2.4 * spacing);
    context.strokeStyle = colour;
    context.lineWidth = 1;
    for (const axis of [0, 1])
      for (let k = Math.ceil((centre[axis] - reach) / spacing); k * spacing <= centre[axis] + reach; k++) {
        const half = Math.sqrt(Math.max(0, reach ** 2 - (k * spacing - centre[axis]) ** 2));
        const [a, b] = [-half, half].map((side) => {
          const point = [k * spacing, centre[1 - axis] + side];
          return project(record, box, [point[axis], record.low, point[1 - axis]], centre);
        });
        line(a, b);
      }
  };

  const skeleton = (record, box, name, frame, colour) => {
    const factor = name === "clean" ? 1 : Number(exaggeration.value);
    const width = Math.max(2, box.height / 90);
    context.strokeStyle = context.fillStyle = colour;
    context.lineCap = "round";
    for (let person = 0; person < record.people; person++) {
      const points = [];
      for (let joint = 0; joint < record.joints; joint++) {
        const clean = record.bodies.clean(person, frame, joint);
        const moved = record.bodies[name](person, frame, joint);
        const point = clean && clean.map((value, axis) => value + factor * (moved[axis] - value));
        points.push(point && project(record, box, point, record.centres[frame]));
      }
      context.lineWidth = width;
      for (const [a, b] of record.bones) if (points[a] && points[b]) line(points[a], points[b]);
      points.forEach((point, joint) => {
        if (!point) return;
        context.beginPath();
        context.arc(point.x, point.y, width * (record.marked.has(joint) ? 1.2 : 0.5), 0, 2 * Math.PI);
        context.fill();
      });
    }
  };

  const draw = () => {
    const frame = Number(slider.value);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const dense = devicePixelRatio;
    if (canvas.width !== Math.round(width * dense) || canvas.height !== Math.round(height * dense))
      [canvas.width, canvas.height] = [Math.round(width * dense), Math.round(height * dense)];
    context.setTransform(dense, 0, 0, dense, 0, 0);
    context.clearRect(0, 0, width, height);
    const style = getComputedStyle(studio);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const names = ["clean", "adversarial"];
    const columns = overlaid.checked ? 1 : 2;
    const scale = Math.min((0.74 * height) / (shown.high - shown.low), (0.44 * width) / columns / shown.radius);
    names.forEach((name, index) => {
      const column = overlaid.checked ? 0 : index;
      const box = { x: (width * (column + 0.5)) / columns, y: 0.47 * height, height, scale };
      if (!shown.flat && column === index) ground(shown, box, shown.centres[frame], colour("rule"));
      skeleton(shown, box, name, frame, colour(name));
    });
    if (exaggeration.value !== "1") {
      context.fillStyle = colour("ink");
      context.font = "600 0.85rem sans-serif";
      context.fillText(`displacement × ${exaggeration.value}`, 12, 22);
    }
    output.textContent = `${frame + 1} / ${shown.frames}, ${(frame / shown.rate).toFixed(2)} s`;
    slider.setAttribute("aria-valuetext", `frame ${frame + 1} of ${shown.frames}`);
  };

  const tick = (now) => {
    if (!playing || !inView) return;
    const seconds = last === null ? 0 : Math.min((now - last) / 1000, 0.1);
    last = now;
    clock = (clock + seconds * shown.rate * Number(speed.value)) % shown.frames;
    slider.value = Math.floor(clock);
    if (turning.checked) angle += 0.4 * seconds;
    draw();
    requestAnimationFrame(tick);
  };
  const run = () => {
    last = null;
    requestAnimationFrame(tick);
  };
  const start = () => {
    playing = true;
    play.textContent = "Pause";
    if (inView) run();
  };
  const stop = () => {
    playing = false;
    play.textContent = "Play";
  };
  const toggle = () => (playing ? stop() : start());
  const turn = (by) => {
    turning.checked = false;
    angle += by;
    draw();
  };
  const choose = (index) => {
    clips[index].querySelector(".slot").append(stage);
    if (!records[index].bodies) records[index] = prepare(records[index]);
    shown = records[index];
    slider.max = shown.frames - 1;
    slider.value = clock = 0;
    for (const control of [turning.parentElement, stage.querySelector(".hint")]) control.hidden = shown.flat;
    draw();
  };

  play.addEventListener("click", toggle);
  slider.addEventListener("input", () => {
    stop();
    clock = Number(slider.value);
    draw();
  });
  for (const control of [overlaid, exaggeration]) control.addEventListener("change", draw);
  studio.addEventListener("choose", (event) => choose(event.detail));
  canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) turn(0.01 * event.movementX);
  });
  canvas.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") turn(event.key === "ArrowLeft" ? -0.15 : 0.15);
    else if (event.key === " ") toggle();
    else return;
    event.preventDefault();
  });
  new ResizeObserver(draw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  stage.hidden = false;
  turning.checked = !still;
  // Begins by itself when first seen, unless less motion is asked for; does nothing while out of sight.
  let begun = still;
  new IntersectionObserver(([entry]) => {
    inView = entry.isIntersecting;
    if (inView && !begun) start();
    else if (inView && playing) run();
    begun ||= inView;
  }).observe(canvas);
}
