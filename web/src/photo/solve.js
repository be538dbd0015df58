/** Small systems of linear equations. */

/**
 * Solves equations by elimination with pivots.
 * @param {Float64Array[]} rows of n equations: n factors, then the right-hand sides;
 *   they are overwritten
 * @returns {Float64Array[]} for each unknown its solutions, one a right-hand side.
 */
export function solved(rows) {
  const count = rows.length;
  const width = rows[0].length;
  for (let k = 0; k < count; k++) {
    let pivot = k;
    for (let i = k + 1; i < count; i++) {
      if (Math.abs(rows[i][k]) > Math.abs(rows[pivot][k])) pivot = i;
    }
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    for (let i = k + 1; i < count; i++) {
      const factor = rows[i][k] / rows[k][k];
      if (factor === 0) continue;
      for (let j = k; j < width; j++) rows[i][j] -= factor * rows[k][j];
    }
  }
  for (let k = count - 1; k >= 0; k--) {
    for (let j = count; j < width; j++) {
      let value = rows[k][j];
      for (let i = k + 1; i < count; i++) value -= rows[k][i] * rows[i][j];
      rows[k][j] = value / rows[k][k];
    }
  }
  return rows.map((row) => row.subarray(count));
}

/**
 * Solves (A + diagonal) X = B for a positive definite A, by Cholesky's factors.
 * @param {Float64Array} matrix (n, n), row by row
 * @param {Float64Array} diagonal (n,), added to the matrix's
 * @param {Float64Array} right (n, columns), row by row
 * @returns {Float64Array} (n, columns)
 */
export function solvedPositive(matrix, diagonal, right) {
  const n = diagonal.length;
  const columns = right.length / n;
  const factor = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * n + j] + (i === j ? diagonal[i] : 0);
      const [a, b] = [i * n, j * n];
      for (let k = 0; k < j; k++) sum -= factor[a + k] * factor[b + k];
      factor[a + j] = i === j ? Math.sqrt(sum) : sum / factor[b + j];
    }
  }
  const result = right.slice();
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < columns; c++) {
      let sum = result[i * columns + c];
      for (let k = 0; k < i; k++) sum -= factor[i * n + k] * result[k * columns + c];
      result[i * columns + c] = sum / factor[i * n + i];
    }
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let c = 0; c < columns; c++) {
      let sum = result[i * columns + c];
      for (let k = i + 1; k < n; k++) sum -= factor[k * n + i] * result[k * columns + c];
      result[i * columns + c] = sum / factor[i * n + i];
    }
  }
  return result;
}
