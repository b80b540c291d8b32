// Any text, any cursor, any edit: no feature ever throws, and the document stays the editor's.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { applyChanges, offsetAt } from '../../language-server/documents.ts';
import { codeActions, fixAll } from '../../language-server/features/code-actions.ts';
import { complete, explainTopic } from '../../language-server/features/completion.ts';
import { hover } from '../../language-server/features/hover.ts';
import { definitions, references, rename } from '../../language-server/features/navigation.ts';
import { documentSymbols } from '../../language-server/features/symbols.ts';
import { PolicySet } from '../../language-server/policy-set.ts';
import { openDocument } from '../../runtime/policy/document.ts';

const VALID = 'agents:\n  writer: { fleet: outreach, entry: [a.mjs] }\nfleets:\n  outreach: {}\ntools:\n  send: { class: once }\npolicies:\n  - name: spend\n    category: cost\n    scope: { agents: ["writer*"], except: { fleets: [outreach] } }\n    rules:\n      per_run_cost_limit: 5\n      model_limits: { gpt-4o: { daily_cost_limit: 5 } }\n  - name: models\n    category: llm\n    rules: { allowed_models: ["gpt-*"], temperature_range: { max: 1 } }\n  - name: mail\n    category: approval\n    rules: { require_approval_for: [send], quorum: 2 }\n';
const piece = fc.oneof(fc.constantFrom('\n', '\r\n', '  ', '\t', '- ', ': ', '{', '}', '[', ']', '"', "'", '#', ',', '|\n', '>', '&a ', '*a', '---\n', '? ', '!!x ', '🙂', '\ufeff', '<<: *a\n', '__proto__: 1\n', 'policies:\n', '  - name: x\n    category: cost\n    rules:\n      '), fc.string({ maxLength: 6 }));
const edit = fc.record({ at: fc.nat(), length: fc.nat({ max: 40 }), text: piece });

test('no feature throws, for any text and any cursor', () => {
  fc.assert(fc.property(fc.array(edit, { maxLength: 6 }), fc.nat(), (edits, place) => {
    let text = VALID;
    for (const { at, length, text: insert } of edits) {
      const start = at % (text.length + 1);
      text = text.slice(0, start) + insert + text.slice(start + length);
    }
    const set = new PolicySet();
    const document = openDocument(text);
    set.put('a', document);
    const offset = place % (text.length + 1);
    const findings = set.findings('a');
    for (const proposal of complete(document, offset, set)) {
      explainTopic(proposal.topic);
      const [from, to] = [document.offset(proposal.range.line, proposal.range.column), document.offset(proposal.range.endLine, proposal.range.endColumn)];
      assert.ok(proposal.range.line === proposal.range.endLine && from <= offset && offset <= to, `${proposal.label} replaces ${from} to ${to}, the cursor is at ${offset} of ${JSON.stringify(text)}`);
    }
    hover(document, offset, set);
    definitions(document, offset, set);
    references(document, offset, set);
    rename(document, offset, set, 'other');
    documentSymbols(document);
    fixAll(findings);
    codeActions(findings, { line: 1, column: 1, endLine: 1_000, endColumn: 1 });
  }), { numRuns: 400 });
});

test('changes give the same text as in the reference implementation of the protocol', () => {
  const position = fc.record({ line: fc.nat({ max: 25 }), character: fc.nat({ max: 60 }) });
  const change = fc.oneof({ weight: 9, arbitrary: fc.record({ a: position, b: position, text: piece }) }, { weight: 1, arbitrary: fc.record({ text: piece }) });
  fc.assert(fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
    let document = openDocument(VALID);
    let reference = TextDocument.create('a', 'yaml', 1, VALID);
    for (const each of changes) {
      // A lone carriage return ends a line for the protocol; no editor sends one.
      const text = each.text.replace(/\r(?!\n)/g, '');
      const lsp = 'a' in each ? { range: orderly(reference, each.a, each.b), text } : { text };
      document = applyChanges(document, [lsp]);
      reference = TextDocument.update(reference, [lsp], reference.version + 1);
      if (/\r(?!\n)/.test(reference.getText())) return;
      assert.equal(document.text, reference.getText());
    }
  }), { numRuns: 400 });
});

test('a position past the end of a line or of the text is clamped', () => {
  const document = openDocument('ab\ncd');
  assert.deepEqual([[0, 9], [1, 9], [7, 0]].map(([line = 0, character = 0]) => offsetAt(document, { line, character })), [2, 5, 5]);
});

/** A range as an editor sends it: in order, and inside the lines. */
function orderly(document: TextDocument, a: { line: number; character: number }, b: { line: number; character: number }) {
  const [start, end] = [document.offsetAt(a), document.offsetAt(b)].sort((x, y) => x - y);
  return { start: document.positionAt(start ?? 0), end: document.positionAt(end ?? 0) };
}
