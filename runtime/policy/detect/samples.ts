// Texts for the tests of detectors: invented secrets of each kind, in the formats their issuers publish, and texts that only look like them.

const word = (length: number): string => 'a1B2c3D4e5F6g7H8i9J0'.repeat(20).slice(0, length);

/** By kind; each text is one match from end to end. Put together here, so that no scanner of this repository takes them for real. */
export const SECRETS: Readonly<Record<string, readonly string[]>> = {
  email: ['ann@example.com', 'first.last+tag@mail.example.co.uk', 'jörg@bücher.example'],
  phone: ['+49 (0)30 123456', '+1 (555) 123-4567', '555-123-4567', '(212) 555-0143', '+44 20 7946 0958'],
  credit_card: ['4111 1111 1111 1111', '5555555555554444', '3782-822463-10005', '6011111111111117'],
  iban: ['DE89 3704 0044 0532 0130 00', 'GB29NWBK60161331926819', 'NO9386011117947', 'fr1420041010050500013m02606'],
  ssn: ['123-45-6789', '219 09 9999'],
  ip_address: ['203.0.113.7', '10.1.2.3', '2001:db8::8a2e:370:7334'],
  aws_key: [`AKIA${'IOSFODNN7EXAMPLE'}`, `ASIA${'Q2W3E4R5T6Y7U2I3'}`],
  github_token: [`ghp_${word(36)}`, `github_pat_${word(22)}_${word(59)}`, `ghs_${word(80)}`],
  gitlab_token: [`glpat-${word(20)}`],
  npm_token: [`npm_${word(36)}`],
  openai_key: [`sk-proj-${word(60)}_${word(40)}`, `sk-${word(48)}`],
  anthropic_key: [`sk-ant-api03-${word(93)}AA`],
  google_key: [`AIza${word(35)}`, `GOCSPX-${word(28)}`],
  slack_token: [`xoxb-${'1234567890'}-${'0987654321'}-${word(24)}`],
  stripe_key: [`sk_live_${word(24)}`, `whsec_${word(32)}`],
  private_key: [
    `-----BEGIN RSA PRIVATE KEY-----\n${word(64)}\n${word(64)}\n${word(30)}==\n-----END RSA PRIVATE KEY-----`,
    `-----BEGIN PRIVATE KEY-----\\n${word(64)}\\n${word(20)}\\n-----END PRIVATE KEY-----`,
    `-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0011\n\n${word(64)}\n-----END EC PRIVATE KEY-----`,
  ],
  service_token: [
    `SG.${word(22)}.${word(43)}`, `shpat_${word(32)}`, `gsk_${word(52)}`, `hf_${'abcDEFghiJ'.repeat(4).slice(0, 34)}`, `lin_api_${word(40)}`, `ntn_${word(46)}`, `vcp_${word(24)}`, `cfut_${word(48)}`,
    `glc_${word(80)}`, `glsa_${word(32)}_0a1b2c3d`, `ops_ey${word(120)}`, `dapi${'0a1b'.repeat(8)}`, `hvs.${word(95)}`, `dckr_pat_${word(27)}`, `figd_${word(40)}`, `tskey-auth-${word(17)}-${word(32)}`, `pypi-${word(80)}`,
  ],
  jwt: [`eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.${word(43)}`],
};

/** Text around a secret, of which only the part between the bars goes. */
export const IN_CONTEXT: Readonly<Record<string, readonly string[]>> = {
  aws_key: [`aws_secret_access_key = |wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY|`],
  ssn: ['SSN: |123456789|, please', 'social security number is |219099999|'],
  password: ['password: |hunter22|', '"password": "|swordfish|"', 'api_key=|a8f5f167f44f4964e6c998dee827110c|&x=1', 'client_secret := "|Zm9vYmFy|"'],
  url_password: ['postgres://app:|s3cr3t!|@db.internal:5432/crm', 'https://bob:|p:w|@example.com/'],
};

/** Nothing of these is personal, nor a credential. */
export const HARMLESS: readonly string[] = [
  'version 1.2.3, v10.20.30.40, node 24.15.0-rc.1, react@18.2.0, @scope/pkg@^2.0.1',
  'order 4111111111111112, invoice 1234567890123456, tracking 9400110200881234567890',
  'id 550e8400-e29b-41d4-a716-446655440000 and 123e4567-e89b-12d3-a456-426614174000',
  'commit 9fceb02d0ae598e95dc970b74767f19372d61af8, md5 d41d8cd98f00b204e9800998ecf8427e',
  'on 2026-01-05, 05/01/2026, 2026-01-05T12:34:56.789Z, at 12:30:45, in 1999-2024',
  'const a = b::c; std::vector<int> x; password: string; const password = getPassword();',
  'password = process.env.PASSWORD; secret: ${{ secrets.TOKEN }}; api_key=$API_KEY; token = None',
  'logo@2x.png, git@github.com:owner/repo.git, user@localhost, a @ b, @mention',
  'sk-loading-spinner-container-wide, ghp_short, AKIA1234, xoxb-1, task_sk_live, eyJhbGciOiJIUzI1NiJ9',
  'SG.1.2, hf_hub_download, hvs.read, shpat_, gsk_short, figd_file, ops_eyes, dapi0, vcs_url, ntn_id, lin_api_call, tskey-auth, secret_name',
  '000-12-3456, 666-12-3456, 900-12-3456, 123-00-4567, 123-45-0000, 1123-45-67890',
  '127.0.0.1, 0.0.0.0, 256.1.1.1, 1.2.3, ::1, 00:1A:2B:3C:4D:5E',
  'DE89 3704 0044 0532 0130 01, GB00NWBK60161331926819, XX12345678901234567',
  'pi is 3.14159265358979, 1,234,567,890.12, 0x1234567890abcdef, 1e-10, [1, 2, 3, 4], +100, +12345678',
  'https://example.com:8443/path?a=1&b=2, https://user@localhost/, mailto:x',
  '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----, the line -----BEGIN PRIVATE KEY----- opens a key.',
];
