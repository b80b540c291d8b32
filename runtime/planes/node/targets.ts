// Which requests are for a language model, as data: hosts of providers, and shapes of paths that self-hosted and compatible servers share.

/** Hosts whose every path goes through the gateway; `*` stands for one or more labels. Regional and sovereign hosts are rows of their own. */
export const LLM_HOSTS = [
  'api.openai.com', '*.api.openai.com', '*.openai.azure.com', '*.services.ai.azure.com',
  'api.anthropic.com',
  'generativelanguage.googleapis.com',
  'api.mistral.ai', 'codestral.mistral.ai',
  'api.groq.com', 'api.deepseek.com', 'api.x.ai', 'api.cohere.com', 'api.cohere.ai',
  'api.together.xyz', 'api.together.ai', 'api.fireworks.ai', 'api.perplexity.ai', 'api.cerebras.ai',
  'openrouter.ai', 'router.huggingface.co', 'api-inference.huggingface.co', 'models.github.ai', 'integrate.api.nvidia.com',
] as const;

/** Paths that mean a model on any host. A row with `header` holds only for requests that carry it, because the path alone is too common. */
export const LLM_PATHS: readonly { readonly path: RegExp; readonly header?: string }[] = [
  { path: /\/chat\/completions$/ },
  { path: /\/(v1|openai)\/responses$/ },
  { path: /\/anthropic\/v1\/messages(\/count_tokens)?$/ },
  { path: /\/v1\/messages(\/count_tokens)?$/, header: 'anthropic-version' },
  { path: /:(generateContent|streamGenerateContent)$/ },
];

/** True for a request that the LLM gateway should judge. `hasHeader` is asked with a lower-case name. */
export function isLlmRequest(url: URL, hasHeader: (name: string) => boolean): boolean {
  return HOSTS.test(url.hostname) || LLM_PATHS.some(({ path, header }) => path.test(url.pathname) && (!header || hasHeader(header)));
}

const HOSTS = new RegExp(`^(?:${LLM_HOSTS.map((host) => host.replaceAll('.', '\\.').replace('*', '.+')).join('|')})$`);
