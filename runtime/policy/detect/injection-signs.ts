// What text says that tries to give a model orders: signs by family, in English and in other languages, each weighed by how often honest text says the same.

import { normalise } from './normalise.ts';

/** A sign of weight 1 is enough by itself; one of weight 0.5 needs another of a different family beside it. */
export interface Sign {
  readonly family: string;
  readonly weight: 0.5 | 1;
  /** Runs over normalised text: lower case, single spaces. Every quantifier is bounded. */
  readonly pattern: RegExp;
}

const words = (most: number): string => `(?: \\S{1,24}){0,${most}}`;
const IGNORE = "(?:ignore|disregard|forget|override|overrule|bypass|discard|dismiss|neglect|set aside|clear|abandon|suppress|violate|do not (?:follow|obey)|don't (?:follow|obey)|stop (?:following|obeying)|pay no attention to)";
const EARLIER = '(?:previous|previously|prior|above|earlier|preceding|foregoing|existing|original|initial|current|former|your|system|openai|safety|given)';
const ORDERS = '(?:instructions?|prompts?|rules|directions|guidelines|directives|commands|constraints|programming|context|training|polic(?:y|ies)|restrictions|guardrails|safeguards|conversation)';
const LIMITS = '(?:restrictions?|restrained|rules|limits?|limitations?|guidelines|filters?|filtering|polic(?:y|ies)|constraints|ethics|ethical|morals?|morality|laws?|legality|boundaries|censorship|openai|safeguards|virtues)';
const FREE = '(?:unrestricted|unfiltered|uncensored|unlimited|amoral|immoral|unethical|jailbroken|jailbreak|unrestrained|unbound|lawless|evil|malicious|rogue)';
const SECRETS = '(?:conversation|chat history|system prompt|credentials?|api[ _-]?keys?|secrets?|passwords?|tokens?|environment variables|env vars|private keys?|ssh keys?|session cookies?|user data|personal data)';
const SECRET_FILES = '(?:~?/\\.ssh/|\\bid_rsa\\b|\\.aws/credentials|/etc/(?:passwd|shadow)|(?:^|[ "\'/])\\.env\\b|\\.npmrc\\b|\\.git-credentials|\\.netrc\\b|\\.kube/config)';
const PLACE = '(?:https?:|\\S{1,64}@|\\S{1,64}\\.(?:com|io|net|xyz|org|site|example|evil)\\b)';
const SEND = '(?:send|sends|sending|post|posts|upload|uploads|forward|forwards|exfiltrate|exfiltrates|e-?mail|transmit|transmits|submit|submits|leak|leaks|route|pass|deliver)';
const TELL = '(?:reveal|print|show|repeat|output|leak|display|dump|tell me|recite|disclose|expose|share|give me|provide|return|echo|summari[sz]e|translate|write out)';
const PROMPT = "(?:system prompts?|system messages?|system instructions?|pre-?prompt|initial prompt|developer (?:message|prompt|instructions?)|(?:initial|hidden|original|secret|internal|starting|exact|full|custom) (?:instructions|prompt|directives|guidelines|rules))";
const MODEL = '(?:ai|ai assistants?|assistants?|agents?|llms?|models?|chatgpt|gpt-?\\d?|copilot|claude|gemini|language models?|chatbots?)';

const sign = (family: string, weight: 0.5 | 1, ...sources: string[]): Sign => ({ family, weight, pattern: new RegExp(sources.join('|'), 'g') });

const ENGLISH: readonly Sign[] = [
  sign('override of instructions', 1,
    `\\b${IGNORE}${words(3)} ${EARLIER}${words(2)} ${ORDERS}\\b`,
    `\\b(?:ignore|disregard|forget|override|bypass) (?:all|any|every)${words(2)} (?:instructions|rules|prompts|guidelines|directives|filters|restrictions|safety \\S{1,20})\\b`,
    `\\b(?:ignore|disregard|never ?mind|forget) (?:(?:all|everything|anything|the|what is) )?(?:the )?(?:above|below|previous (?:text|message|result|task|content)|rest of (?:this|the))\\b`,
    `\\b${ORDERS}${words(6)} (?:no longer appl(?:y|ies)|(?:is|are) (?:now )?(?:deprecated|void|cancell?ed|suspended|revoked|superseded|obsolete|lifted))\\b`),
  sign('forgetting what was said', 1, '\\b(?:forget|disregard|ignore) (?:everything|all|anything) (?:(?:that )?(?:you|i|we) (?:were|was|have been|had been|been|said|know)|(?:said |written )?(?:above|before|so far|previously))'),
  sign('replacement of instructions', 1,
    '\\b(?:new|updated|real|actual|true|revised)(?: important)? (?:system )?(?:instructions?|directives?|orders|task|prompt)(?: (?:are|follow|from \\S{1,20}))? ?:',
    '\\byour (?:new|real|true|actual|only) (?:task|purpose|role|identity|goal|objective|mission|instructions?|directives?|job) (?:is|are|now|will)\\b'),
  sign('change of role', 1,
    `\\b(?:you are now|you're now|from now on you are|act as|acting as|pretend(?: to be)?|role ?-?play as|behave as|simulate|play|imagine|become|switch to|persona|i want you to be)${words(5)} (?:dan|${FREE}|developer mode|god mode|root)\\b`,
    `\\b(?:dan|${FREE}|god|developer|opposite|jailbreak) mode(?: is)?(?: now)? (?:enabled|activated|output|unlocked|engaged)\\b|\\b(?:enable|activate|enter|simulate|simulating|stay in|switch to)${words(2)} (?:dan|god|unrestricted|jailbreak) mode\\b`,
    '\\b(?:you can|will|and|dan,?|\\() ?do anything now\\b'),
  sign('role', 0.5, `\\b(?:you are now|you will now|from now on,? (?:you|answer|respond)|you are going to (?:be|act|pretend)|(?:act|acting|respond|answer|reply) (?:as|like)|pretend (?:to|you)|role ?-?play|in character|persona|i want you to act|new character|alter ego)\\b|\\bmode (?:enabled|output)\\b|\\b(?:simulate|enable|enter) (?:\\S{1,16} )?mode\\b`),
  sign('two answers', 0.5, '\\b(?:two|both|2)(?: \\S{1,20}){0,2} (?:responses|answers|outputs|paragraphs|ways)\\b|\\[(?:dan|gpt|normal|classic|jailbreak|evil)(?: output)?\\b|\u{1f513}'),
  sign('denial of limits', 1, `\\b(?:you|pretend you|act as if you) (?:have no|don't have any|do not have any|are not bound by|are free (?:from|of)|no longer have|are freed from)${words(3)} ${LIMITS}\\b`),
  sign('freedom from limits', 0.5,
    `\\b(?:no|without(?: any)?|free (?:from|of)|freed from|not? (?:bound|restrained|restricted|limited|constrained) by|exempt from|lacks?|regardless of|ignores?|above any|bypass(?:es|ing)?|doesn't care about|does not care about|has no|have no|outside of)${words(3)} ${LIMITS}\\b`,
    `\\b${FREE}\\b`),
  sign('never refusing', 0.5, `\\b(?:never|cannot|can't|won't|will not|do not|don't)(?: \\S{1,20}){0,1} (?:refuses?|denies|deny|decline|reject|say no|apologi[sz]e)\\b|\\b(?:must|always) (?:comply with (?:this|me|my|all|any|every)|obey|answer (?:any|every|all))\\b|\\banswer (?:any|every)(?:thing)?\\b`),
  sign('disclosure of the prompt', 1,
    `\\b${TELL}${words(4)} (?:your|the|my|its|this|all)${words(1)} ${PROMPT}`,
    `\\b${TELL} (?:your |me your )(?:system |full |exact )?(?:prompt|instructions|directives|rules|guidelines|configuration)\\b`,
    `\\bwhat (?:is|are|was|were|does)${words(2)} your (?:\\S{1,20} )?${PROMPT}`,
    `\\bwhat (?:\\S{1,20} )?${PROMPT} (?:were|are|do|did|have) you\\b`,
    `\\b(?:repeat|print|output|recite|copy)(?: \\S{1,20}){0,3} (?:everything|text|words|all|instructions|content) (?:above|before this|verbatim|that precedes)`,
    `\\b(?:repeat|print|reveal)${words(2)} (?:system prompt|(?:initial|hidden|original|secret) instructions)`),
  sign('disclosure of a secret', 1, '\\b(?:tell|reveal|show|give|print|return|output|say|share|echo|leak|translate)(?: \\S{1,20}){0,4} (?:\\$?secret[_ ]key|your (?:secret|password|api[_ ]?key|credentials|access code|passphrase|passcode))\\b'),
  sign('hiding from the person', 1,
    `\\b(?:do not|don't|never) (?:tell|mention|inform|alert|notify|reveal|let|show|disclose)(?: \\S{1,20}){0,4} (?:user|human|operator|owner|person|people)\\b`,
    '\\bwithout (?:telling|mentioning|informing|alerting|notifying|letting)(?: \\S{1,20}){0,4} (?:user|human|operator|owner|person)\\b',
    '\\b(?:silently|secretly|covertly)(?: \\S{1,20}){0,2} (?:send|forward|copy|upload|execute|run|read|include|append|exfiltrate|transmit|post|add|collect|modify|install|invoke|call)\\b'),
  sign('past the person', 0.5, `\\bwithout (?:asking|prompting|requiring|waiting|any|user|the user'?s?|explicit|human|confirmation|further)(?: \\S{1,20}){0,3} (?:user|human|confirmation|approval|consent|permission|knowledge|validation|verification)\\b|\\bpre-?(?:approved|authorized)\\b|\\bno (?:confirmation|approval) (?:is )?(?:needed|required|necessary)`),
  sign('sending secrets out', 1,
    `\\b${SEND}${words(6)} ${SECRETS}${words(5)} (?:to|at|via) ${PLACE}`,
    `\\b${SEND}${words(6)} to ${PLACE}${words(5)} ${SECRETS}`,
    '!\\[[^\\]]{0,80}\\]\\(https?:[^)\\s]{0,200}[=/?](?:\\[|\\{|<|\\$)'),
  sign('sending out', 0.5, `\\b${SEND}${words(8)} (?:to|via) ${PLACE}`),
  sign('secrets', 0.5, SECRET_FILES, `\\b(?:collect|harvest|steal|extract|read|reads|include|dump|retrieve|gather|exfiltrate)${words(4)} ${SECRETS}\\b`),
  sign('switching protection off', 1, `\\b(?:disable|turn off|switch off|bypass|circumvent|deactivate|override|skip|evade|ignore|remove)${words(2)} (?:safety|content|security|governance|moderation|audit|approval|verification|authorization|ethical) (?:filters?|checks?|guardrails?|guards?|polic(?:y|ies)|protocols?|measures|features|mechanisms?|layers?|controls?|steps?|guidelines|reviews?|restrictions|settings)\\b`),
  sign('forged turn', 1, '<\\|im_start\\|> ?system|<<\\/?sys>>|\\[\\/?inst\\] ?<<|\\[ ?(?:system|admin|agent|assistant|developer)(?: (?:override|message|instructions?|note|prompt|command|update|directive))? ?\\] ?:? ?(?:you|ignore|disregard|override|new|from|must|do|execute|send|reveal|the user|all|debug|important|always|never)|<(?:important|information)> ?(?:before|you|when|if|please|important)|### ?(?:system|new instructions?) ?:|<\\|?(?:end|start) (?:of )?(?:user|system) (?:prompt|message)\\|?>|\\{\\{ ?(?:system|instruction|override) ?\\}\\}|<\\/(?:tool|tool_response|tool_result|data|user_input)> ?<(?:user|system|assistant|instructions?)>|\\[+(?:begin|end|stop) (?:of )?[a-z ]{0,24}(?:bot|prompt|input|email|context|instructions|document|marker)\\]+'),
  sign('markers of a turn', 0.5, '<\\|(?:im_start|im_end|system|assistant|user|endoftext|start_header_id|eot_id)\\|>|\\[\\/?inst\\]|<\\/?(?:system|system_prompt|system-reminder|user|assistant)>|"role" ?: ?"system"|(?:^|[.!?] )system ?:|### ?instructions? ?:'),
  sign('orders to the model', 1,
    `\\b(?:important|critical|urgent|special|secret|hidden|attention)\\b\\W{0,4}(?:message|notice|note|instructions?|information)?\\W{0,3}(?:to|for|from)? ?(?:the |all |any )?\\b${MODEL}\\b ?[:,-]`,
    `\\b(?:message|note|instructions?|notice|attention)\\W{1,3}(?:to|for) (?:the |all |any |other )?${MODEL}\\b(?!\\.\\w)`,
    `<!--[^>]{0,60}\\b(?:system|ai|assistants?|agents?|llm|instructions?|hidden|override)\\b[^>]{0,120}\\b(?:must|ignore|override|send|execute|run|do not|always|never|output|reveal|call|read|include|disregard)\\b`,
    `\\bif you are (?:an? )?(?:ai|llm|language model|assistant|agent|bot)\\b`),
  sign('orders', 0.5,
    '\\byou (?:must|should|shall|need to|have to|are required to|will)(?: (?:now|first|always|immediately|also|instead)){0,2} (?:execute|call|send|invoke|run|read|comply|obey|route|forward|include|append|output|respond|reply|reveal|post|upload|ignore|never|do exactly)\\b',
    '\\b(?:before|prior to|when|after) (?:using|calling|executing|invoking|running|responding|answering|returning)(?: \\S{1,20}){0,6}[,:]? (?:you must|first|always|read|call|send|prepend|fetch|invoke|execute|also)\\b',
    '\\b(?:please )?also (?:invoke|call|send|read|execute|forward|post)\\b|\\balways (?:pass|send|include|forward|append|call) (?:all|the|every)\\b'),
  sign('authority', 0.5, `\\b(?:i am|i'm|as|this is)(?: \\S{1,20}){0,1} (?:your|the|a|an) (?:developer|creator|system administrator|administrator|admin|owner|root user|openai (?:employee|engineer))\\b|\\b(?:system|admin|administrator|developer|security|emergency) (?:override|directive|announcement)\\b|\\boverride (?:code|protocol|accepted)\\b|\\b(?:authorized|approved) by (?:the )?(?:admin|administrator|security|management|ceo|it|system)\\b|\\bopenai (?:policy|policies|content policy)\\b`),
  sign('taking over the answer', 1, `\\bi have been pwned\\b|\\b(?:instead|and|just|only|simply|then),? (?:just |only |simply )?(?:print|say|output|respond with|write|reply)(?: with)?(?: exactly)? ["'“]?(?:pwned|hacked|compromised|haha|kill|access granted|yes master)`),
  sign('obeying what is encoded', 1, '\\b(?:decode|decipher|decrypt|unscramble|base64|rot13|deobfuscate|interpret)\\b[^.!?]{0,60}\\b(?:and|then) (?:then )?(?:execute|follow|obey|run|comply|do what|perform|answer|carry out)\\b'),
  sign('keeping orders for later', 1, `\\b(?:remember|store|save|memori[sz]e|persist|add to (?:your )?memory)\\b(?!(?: that)? (?:my|i)\\b)[^.!?]{0,60}\\b(?:for|in) (?:all |every |any )?(?:future|subsequent|later|next)(?: \\S{1,20}){0,2} (?:sessions?|conversations?|interactions?|responses?|requests?|queries)\\b`),
];

/** Verbs of setting aside, words for what came before, and orders; also what asks for the prompt and what removes limits. Stems, so that endings do not matter. */
interface Tongue {
  readonly ignore: string;
  readonly earlier: string;
  readonly orders: string;
  readonly show: string;
  readonly prompt: string;
  readonly free: string;
}
const TONGUES: Readonly<Record<string, Tongue>> = {
  German: { ignore: 'ignorier|vergiss|vergessen|missachte|überschreib|umgeh|verwirf', earlier: 'vorherig|bisherig|vorigen|obigen|früher|alle|deine|ihre|system', orders: 'anweisung|instruktion|regeln|befehl|vorgaben|richtlinie|einschränkung|prompt', show: 'zeig|verrat|gib|nenn|wiederhol|drucke', prompt: 'systemprompt|system-prompt|systemanweisung|systemnachricht|geheime anweisung|ursprünglichen anweisung', free: 'ohne einschränkung|ohne beschränkung|keine regeln|ohne regeln' },
  French: { ignore: 'ignore|oublie|oubliez|négligez|contourne|ne suis plus|ne tiens pas compte', earlier: 'précédent|antérieur|ci-dessus|toutes|tes |vos |système', orders: 'instruction|consigne|règles|directive|ordres|restriction|prompt', show: 'révèle|montre|affiche|donne|répète|divulgue', prompt: 'prompt système|invite système|instructions système|instructions initiales|prompt initial', free: 'sans aucune restriction|sans restriction|sans limite|aucune règle' },
  Spanish: { ignore: 'ignora|ignore|olvida|olvide|omite|descarta|anula|desobedece', earlier: 'anterior|previas|previos|todas|tus |sus |sistema', orders: 'instruccion|reglas|directrices|órdenes|indicaciones|restriccion|prompt', show: 'revela|muestra|muéstrame|imprime|dime|repite|dame', prompt: 'prompt del sistema|prompt de sistema|instrucciones del sistema|instrucciones iniciales|mensaje del sistema', free: 'sin restriccion|sin límites|sin filtros|sin reglas' },
  Italian: { ignore: 'ignora|ignorate|dimentica|trascura|scavalca|annulla', earlier: 'precedent|anterior|tutte|tue |tuoi |sistema', orders: 'istruzion|regole|direttive|ordini|restrizion|prompt', show: 'rivela|mostra|stampa|dimmi|ripeti|dammi', prompt: 'prompt di sistema|prompt del sistema|istruzioni di sistema|istruzioni iniziali', free: 'senza restrizion|senza limiti|senza filtri|senza regole' },
  Portuguese: { ignore: 'ignore|ignora|esqueça|esquece|desconsidere|descarte|anule', earlier: 'anterior|prévias|todas|suas |tuas |sistema', orders: 'instruç|regras|diretrizes|ordens|comandos|restriç|prompt', show: 'revele|mostre|imprima|diga|repita|exiba', prompt: 'prompt do sistema|prompt de sistema|instruções do sistema|instruções iniciais', free: 'sem restriç|sem limites|sem filtros|sem regras' },
  Russian: { ignore: 'игнорируй|игнорировать|забудь|забудьте|отмени|проигнорируй|обойди', earlier: 'предыдущ|прежн|все |всё|прошл|системн|твои|ваши', orders: 'инструкци|указани|правил|команд|ограничени|промпт', show: 'покажи|раскрой|выведи|повтори|скажи|напечатай', prompt: 'системный промпт|системного промпта|системные инструкции|системную инструкцию|начальные инструкции', free: 'без ограничени|без фильтр|без правил|нет ограничени' },
};
/** Written without spaces: the parts may stand in either order, a few characters apart. */
const DENSE: Readonly<Record<string, Tongue>> = {
  Chinese: { ignore: '忽略|忽視|忽视|无视|無視|忘记|忘記|忘掉|绕过|繞過|不要遵守', earlier: '之前|以前|先前|上述|以上|所有|你的|系统|系統|前面', orders: '指令|指示|规则|規則|提示|命令|限制|要求|过滤', show: '显示|顯示|透露|输出|輸出|告诉我|告訴我|打印|泄露|重复', prompt: '系统提示|系統提示|系统指令|初始指令|系统消息', free: '没有任何限制|沒有任何限制|不受限制|不受任何限制|无限制|没有限制' },
  Japanese: { ignore: '無視|忘れて|破棄|従わない|無効', earlier: '以前|前の|これまで|上記|すべて|全て|あなたの|システム', orders: '指示|命令|ルール|規則|プロンプト|制限|フィルター|制約', show: '表示|教えて|出力|開示|見せて|明かして', prompt: 'システムプロンプト|システムメッセージ|初期プロンプト|システム指示', free: '制限のない|制限なし|無制限|制約のない' },
  Korean: { ignore: '무시|잊어|잊으|따르지', earlier: '이전|앞의|위의|모든|너의|당신의|시스템', orders: '지시|명령|규칙|프롬프트|제한|지침', show: '보여|출력|알려|공개|말해', prompt: '시스템 프롬프트|시스템 메시지|초기 지시', free: '제한 없는|제한이 없는|무제한' },
};

/** The words as normalised text has them: look-alike letters folded, marks dropped. */
const folded = (stems: string): string => `(?:${stems.split('|').map((stem) => normalise(stem).text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})`;

function foreign(language: string, tongue: Tongue): Sign[] {
  const [ignore, earlier, orders, show, prompt, free] = [tongue.ignore, tongue.earlier, tongue.orders, tongue.show, tongue.prompt, tongue.free].map(folded) as [string, string, string, string, string, string];
  return [
    sign(`override of instructions, in ${language}`, 1, `(?<![a-z])${ignore}\\S{0,8}(?: \\S{1,16}){0,3}? ?${earlier}\\S{0,8}(?: \\S{1,16}){0,3}? ?${orders}`, `(?<![a-z])${ignore}\\S{0,8}(?: \\S{1,16}){0,2}? ${orders}\\S{0,8} ${earlier}`),
    sign(`disclosure of the prompt, in ${language}`, 1, `(?<![a-z])${show}\\S{0,6}(?: \\S{1,16}){0,4}? ?${prompt}`),
    sign(`freedom from limits, in ${language}`, 1, free),
  ];
}

function dense(language: string, tongue: Tongue): Sign[] {
  const [ignore, earlier, orders, show, prompt, free] = [tongue.ignore, tongue.earlier, tongue.orders, tongue.show, tongue.prompt, tongue.free].map(folded) as [string, string, string, string, string, string];
  const near = '[^.。!！?？]{0,16}?';
  return [
    sign(`override of instructions, in ${language}`, 1, `${ignore}${near}${earlier}${near}${orders}`, `${earlier}${near}${orders}${near}${ignore}`),
    sign(`disclosure of the prompt, in ${language}`, 1, `${show}${near}${prompt}`, `${prompt}${near}${show}`),
    sign(`freedom from limits, in ${language}`, 1, free),
  ];
}

/** Looked for in every text. */
export const SIGNS: readonly Sign[] = [...ENGLISH, ...Object.entries(TONGUES).flatMap(([language, tongue]) => foreign(language, tongue))];
/** Looked for only where a text holds letters that these languages are written in. */
export const DENSE_SIGNS: readonly Sign[] = Object.entries(DENSE).flatMap(([language, tongue]) => dense(language, tongue));
