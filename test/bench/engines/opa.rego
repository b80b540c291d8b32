# What opa.wasm.gz decides, compiled from this file by OPA 0.70.0: `opa build -t wasm -e bench/refused opa.rego`, then `gzip -9n` of the policy.wasm in the bundle.
# The rules are data, found by agent or fleet and by tool: WebAssembly from OPA has no index over rules written out one by one, and would read all of them.
package bench

import rego.v1

default refused := false

refused if {
	some group in [object.get(data.agents, input.agent, {}), object.get(data.fleets, input.fleet, {})]
	some rule in group.named[input.tool]
	holds(rule)
}

refused if {
	some group in [object.get(data.agents, input.agent, {}), object.get(data.fleets, input.fleet, {})]
	some rule in group.globs
	glob.match(rule.glob, null, input.tool)
	holds(rule)
}

holds(rule) if {
	amount_over(rule)
	path_matches(rule)
}

amount_over(rule) if not rule.over

amount_over(rule) if input.amount > rule.over

path_matches(rule) if not rule.path

path_matches(rule) if regex.match(rule.path, input.path)
