/**
 * DPM-Solver++(2M), as `samplers.py` of the package.
 *
 * Reference: Lu et al., DPM-Solver++, 2022, algorithm 2.
 */

/** Lets messages come in between two pieces of work. */
export function breath() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/**
 * @param {(noisy: Float32Array, logSnr: number) => Promise<Float32Array>} denoise
 *   the estimate of the clean values
 * @param {Float32Array} noise
 * @param {number[]} logSnrs  increasing
 * @param {AbortSignal | null} signal
 * @returns {Promise<Float32Array>}
 */
export async function sample(denoise, noise, logSnrs, signal) {
  const signals = [...logSnrs.map((level) => rate(level)), 1];
  const sigmas = [...logSnrs.map((level) => rate(-level)), 0];
  const noisy = noise.map((value) => sigmas[0] * value);
  let previous = noise;
  for (let step = 0; step < logSnrs.length; step++) {
    await breath();
    signal?.throwIfAborted();
    const estimate = await denoise(noisy, logSnrs[step]);
    const factor = extrapolation(logSnrs, step);
    const ratio = sigmas[step + 1] / sigmas[step];
    const share = signals[step + 1] - ratio * signals[step];
    for (let i = 0; i < noisy.length; i++) {
      const direction = estimate[i] + factor * (estimate[i] - previous[i]);
      noisy[i] = ratio * noisy[i] + share * direction;
    }
    previous = estimate;
  }
  return noisy;
}

function rate(logSnr) {
  return Math.sqrt(1 / (1 + Math.exp(-logSnr)));
}

/** How far the estimate goes on as from the last one; not at the first and last step. */
function extrapolation(logSnrs, step) {
  if (step === 0 || step === logSnrs.length - 1) return 0;
  const [before, now, after] = logSnrs.slice(step - 1, step + 2);
  return (after - now) / (2 * (now - before));
}
