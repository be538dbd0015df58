/**
 * The cheapest exact cover: sets of rows such that each row is in one of them, or alone.
 *
 * What a set saves over its rows alone has to be as much as possible. Prices of rows of
 * which each set costs at least what it saves bound that from above; a branch of the
 * search loses the difference of each set it takes, and the price of each row it leaves
 * alone.
 *
 * Reference: Fisher, The Lagrangian Relaxation Method for Solving Integer Programming
 * Problems, 1981.
 */

const ROUNDS = 400;
const TINY = 1e-12;

/**
 * @param {number[][]} sets  rows of each
 * @param {number[]} costs  of each set, below that of its rows alone
 * @param {number[]} alone  cost of each row that is in no set
 * @returns {number[]} indices of the chosen sets, ascending
 */
export function cheapestCover(sets, costs, alone) {
  const columns = best(sets, costs, alone);
  const greedy = taken(columns, alone.length);
  const prices = loweredPrices(columns, feasible(columns, pricesOf(columns, alone, greedy)));
  return search(columns, prices, greedy).map(({ index }) => index).sort((a, b) => a - b);
}

/** Of sets of the same rows the cheapest: their rows, saving and index. */
function best(sets, costs, alone) {
  const found = new Map();
  sets.forEach((rows, index) => {
    const saving = rows.reduce((sum, row) => sum + alone[row], 0) - costs[index];
    const key = [...rows].sort((a, b) => a - b).join();
    if (!(saving <= (found.get(key)?.saving ?? 0))) found.set(key, { rows, saving, index });
  });
  return [...found.values()].sort((a, b) => b.saving - a.saving);
}

/** Sets taken one after the other where their rows are free. */
function taken(columns, count) {
  const used = new Uint8Array(count);
  return columns.filter(({ rows }) => {
    if (rows.some((row) => used[row])) return false;
    for (const row of rows) used[row] = 1;
    return true;
  });
}

function saved(columns) {
  return columns.reduce((sum, { saving }) => sum + saving, 0);
}

/** Prices near the lowest bound, by subgradients. */
function pricesOf(columns, alone, greedy) {
  const prices = new Float64Array(alone.length);
  for (const { rows, saving } of greedy) {
    for (const row of rows) prices[row] = saving / rows.length;
  }
  const target = saved(greedy);
  let [lowest, kept, pace] = [Infinity, prices.slice(), 1];
  for (let round = 0; round < ROUNDS; round++) {
    const slope = new Float64Array(prices.length).fill(1);
    let bound = prices.reduce((sum, price) => sum + price, 0);
    for (const { rows, saving } of columns) {
      let over = saving;
      for (const row of rows) over -= prices[row];
      if (over <= 0) continue;
      bound += over;
      for (const row of rows) slope[row]--;
    }
    if (bound < lowest - TINY) [lowest, kept] = [bound, prices.slice()];
    else pace *= 0.97;
    const steepness = slope.reduce((sum, value) => sum + value * value, 0);
    if (steepness === 0 || bound - target < TINY) break;
    const step = (pace * (bound - target)) / steepness;
    slope.forEach((value, row) => (prices[row] = Math.max(0, prices[row] - step * value)));
  }
  return kept;
}

/** Prices raised until every set costs what it saves. */
function feasible(columns, prices) {
  for (const { rows, saving } of columns) {
    const over = rows.reduce((rest, row) => rest - prices[row], saving);
    if (over > 0) for (const row of rows) prices[row] += over / rows.length;
  }
  return prices;
}

/** Prices lowered one by one as far as the sets allow. */
function loweredPrices(columns, prices) {
  const least = new Float64Array(prices.length);
  for (let row = 0; row < prices.length; row++) {
    for (const column of columns) {
      if (!column.rows.includes(row)) continue;
      const others = column.rows.reduce((sum, r) => sum + (r === row ? 0 : prices[r]), 0);
      least[row] = Math.max(least[row], column.saving - others);
    }
    prices[row] = Math.min(prices[row], least[row]);
  }
  return prices;
}

/** The sets that save most, by depth-first search. */
function search(columns, prices, greedy) {
  const total = prices.reduce((sum, price) => sum + price, 0);
  let [chosen, least] = [greedy, total - saved(greedy)];
  const losing = columns.map((column) => ({
    ...column,
    loss: column.rows.reduce((sum, row) => sum + prices[row], -column.saving),
  }));
  const ofRow = Array.from(prices, (_, row) =>
    losing.filter((c) => c.loss < least && c.rows.includes(row)).sort((a, b) => a.loss - b.loss),
  );
  const used = new Uint8Array(prices.length);
  const path = [];

  function next() {
    // The row with the fewest sets left, so that the tree stays narrow.
    let [row, fewest] = [-1, Infinity];
    for (let r = 0; r < prices.length && fewest > 0; r++) {
      if (used[r] || ofRow[r].length === 0) continue;
      let count = 0;
      for (const { rows } of ofRow[r]) if (rows.every((other) => !used[other])) count++;
      if (count > 0 && count < fewest) [row, fewest] = [r, count];
    }
    return row;
  }

  function visit(loss) {
    const row = next();
    if (row < 0) {
      const whole = used.reduce((sum, taken, r) => sum + (taken ? 0 : prices[r]), loss);
      if (whole < least - TINY) [chosen, least] = [[...path], whole];
      return;
    }
    for (const column of ofRow[row]) {
      if (loss + column.loss >= least - TINY) break;
      if (column.rows.some((other) => used[other])) continue;
      for (const other of column.rows) used[other] = 1;
      path.push(column);
      visit(loss + column.loss);
      path.pop();
      for (const other of column.rows) used[other] = 0;
    }
    if (loss + prices[row] >= least - TINY) return;
    used[row] = 1;
    visit(loss + prices[row]);
    used[row] = 0;
  }

  visit(0);
  return chosen;
}
