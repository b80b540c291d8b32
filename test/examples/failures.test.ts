// The six failures that recur in production: a real agent process commits each ungoverned, and the shipped template stops it at the right moment.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FAILURES } from '../../examples/failures/failures.ts';
import { faults, runFailure, temporaryHome } from '../../scripts/failures.ts';

for (const failure of FAILURES) {
  describe(failure.mode, () => {
    it('does its damage ungoverned, and is stopped by the shipped template before it does', async (t) => {
      const { home, end } = temporaryHome();
      t.after(end);
      const ungoverned = await runFailure(failure);
      assert.equal(ungoverned.exitCode, 0, ungoverned.output);
      assert.deepEqual(ungoverned.stops, []);
      assert.equal(ungoverned.damage, failure.damage.ungoverned, ungoverned.output);

      const governed = await runFailure(failure, home);
      assert.deepEqual(governed.stops, failure.stops, governed.output);
      assert.equal(governed.damage, failure.damage.governed, governed.output);
      assert.match(governed.output, failure.ends);
      assert.deepEqual(faults(failure, ungoverned, governed), []);
    });
  });
}
