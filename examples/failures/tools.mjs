// Running the tools that a model calls, and describing them to it.

/** Runs a tool. One that fails tells the model so. */
export async function callTool(tools, name, args) {
  console.log(`> ${name} ${JSON.stringify(args).slice(0, 160)}`);
  try {
    const result = await tools[name].run(args);
    return typeof result === 'string' ? result : JSON.stringify(result);
  } catch (error) {
    return `The tool failed: ${error.cause?.message ?? error.message}`;
  }
}

/** The schema of arguments that are all texts. */
export function texts(...names) {
  return { type: 'object', properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])), required: names };
}

/** Ends the process as agents do: the answer on standard output, or the reason it has none. */
export async function main(work) {
  try {
    console.log(await work ?? 'The agent gave up: it has no turns left.');
  } catch (error) {
    console.error(`The agent failed: ${error.message}`);
    process.exitCode = 1;
  }
}
