/** The strips of the ziggurat of 256 that NumPy draws normal numbers with. */

/** Where the tail begins. */
export const EDGE = 3.6541528853610088;
const STRIPS = 256;
// As many steps has the width of a strip.
const STEPS = 2 ** 52;
/** Width of the lowest strip if it were a rectangle, tail and all. */
const LOWEST = 8.68362706080130616677e-16 * STEPS;

/** The normal density without its factor. */
export function base(x) {
  return Math.exp(-0.5 * x * x);
}

/** Of each strip: a step, the steps that are surely inside, its density. */
export const normal = (() => {
  const [width, inside, height] = [0, 1, 2].map(() => new Float64Array(STRIPS));
  const area = LOWEST * base(EDGE);
  const right = new Float64Array(STRIPS);
  right[STRIPS - 1] = EDGE;
  for (let i = STRIPS - 1; i > 1; i--) {
    right[i - 1] = Math.sqrt(-2 * Math.log(area / right[i] + base(right[i])));
  }
  for (let i = 1; i < STRIPS; i++) {
    width[i] = right[i] / STEPS;
    inside[i] = i === 1 ? 0 : Math.floor((right[i - 1] / right[i]) * STEPS);
    height[i] = base(right[i]);
  }
  width[0] = LOWEST / STEPS;
  inside[0] = Math.floor((EDGE / LOWEST) * STEPS);
  height[0] = 1;
  return { width, inside, height };
})();
