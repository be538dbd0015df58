/** The cheapest pairs of rows and columns of a square matrix. */

/**
 * Reference: Kuhn, The Hungarian Method for the Assignment Problem, 1955, with the
 * shortest augmenting paths of Jonker and Volgenant, 1987.
 * @param {number[][]} cost
 * @returns {number[]} the column of each row
 */
export function assigned(cost) {
  const size = cost.length;
  const rowPrice = new Float64Array(size);
  const columnPrice = new Float64Array(size);
  const rowOf = new Array(size).fill(-1);
  for (let start = 0; start < size; start++) {
    const distance = new Float64Array(size).fill(Infinity);
    const from = new Array(size).fill(-1);
    const done = new Array(size).fill(false);
    let [row, column, reached] = [start, -1, 0];
    do {
      let next = -1;
      for (let j = 0; j < size; j++) {
        if (done[j]) continue;
        const through = reached + cost[row][j] - rowPrice[row] - columnPrice[j];
        if (through < distance[j]) [distance[j], from[j]] = [through, column];
        if (next < 0 || distance[j] < distance[next]) next = j;
      }
      [reached, column] = [distance[next], next];
      done[column] = true;
      row = rowOf[column];
    } while (row >= 0);
    rowPrice[start] += reached;
    for (let j = 0; j < size; j++) {
      if (!done[j] || rowOf[j] < 0) continue;
      rowPrice[rowOf[j]] += reached - distance[j];
      columnPrice[j] -= reached - distance[j];
    }
    for (; column >= 0; column = from[column]) {
      rowOf[column] = from[column] < 0 ? start : rowOf[from[column]];
    }
  }
  const columnOf = new Array(size);
  rowOf.forEach((row, column) => (columnOf[row] = column));
  return columnOf;
}
