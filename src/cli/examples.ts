/** What `steward help NOUN` shows to copy: for each noun what one comes for most often. The tests hold every line against the tree of commands. */
export const examples: Readonly<Record<string, readonly [string, string, string]>> = {
  doctor: ['steward doctor', 'steward doctor --json', 'steward doctor --config /etc/steward/steward.yaml'],
  status: ['steward status', 'steward status --json', 'steward status --url https://steward.example.org --api-key-file ~/.steward.key'],
  host: [
    'steward host add web-01 --address 192.0.2.10 --user steward --key web-01.key',
    'steward host test web-01',
    "steward host retire web-01 --reason 'replaced by web-02'",
  ],
  target: [
    'steward target add web --host web-01 --service nginx --log /var/log/nginx/error.log --config /etc/nginx/nginx.conf',
    'steward target show web',
    "steward target pause web --reason 'release until noon'",
  ],
  server: [
    'steward server add files -- npx -y @modelcontextprotocol/server-filesystem@2026.8.31 /srv/files',
    'steward server list --state error',
    "steward server stop files --reason 'moving the disk'",
  ],
  discover: [
    'steward discover scan',
    "steward discover import github --reason 'from Claude Desktop'",
    'steward discover import --all --dry-run',
  ],
  tool: [
    'steward tool call files.list_directory path=/srv/files',
    "steward tool disable files.write_file --reason 'read only'",
    "steward tool approve files.read_file --reason 'read the change'",
  ],
  usage: ['steward usage', 'steward usage files --period 7d', 'steward usage --json'],
  top: ['steward top', 'steward top --interval 10 --period 24h', 'steward top --once'],
  mode: ['steward mode show', 'steward mode set web act', 'steward mode set web observe'],
  incident: [
    'steward incident list --open',
    'steward incident show 9c1d02ab',
    "steward incident close 9c1d02ab --reason 'repaired by hand'",
  ],
  approval: [
    'steward approval list --state pending',
    'steward approval approve 5b1c09d2',
    "steward approval reject 5b1c09d2 --reason 'not during the sale'",
  ],
  anomaly: [
    'steward anomaly list --target web --status new',
    'steward anomaly show 0abcdef1',
    "steward anomaly report cache 'OOM command not allowed' --severity critical",
  ],
  healing: ['steward healing status', "steward healing stop --reason 'moving the data centre'", 'steward healing resume'],
  breaker: ['steward breaker list', 'steward breaker list --closed', "steward breaker reset 868784b6 --reason 'the disk was replaced'"],
  remedy: ['steward remedy list', 'steward remedy list --json', "steward remedy clear nginx.restore-config --reason 'found out why'"],
  events: ['steward events tail', 'steward events list --category incident --limit 10', 'steward events why 0abcdef1'],
  stream: ['steward stream show target-web', 'steward stream show incident-9c1d02ab --newest', 'steward stream state target-web --at 4711'],
  replay: ['steward replay target-web', 'steward replay incident-9c1d02ab --json', 'steward replay target-web --at 2026-11-21T10:30:00Z'],
  command: [
    'steward command list --owner mira',
    'steward command list --state failed',
    'steward command export --format csv --output audit.csv',
  ],
  projection: ['steward projection list', 'steward projection verify incidents', 'steward projection rebuild incidents'],
  operation: ['steward operation list', 'steward operation list --state running', 'steward operation watch 0abcdef1'],
  process: [
    'steward process parked',
    "steward process unpark healing 9c1d02ab --retry --reason 'the disk is back'",
    'steward process parked --json',
  ],
  key: [
    'steward key create robot --role viewer --owner mira',
    'steward key list --owner mira',
    "steward key revoke robot --reason 'left on a bus'",
  ],
  config: ['steward config init steward.yaml', 'steward config check steward.yaml', 'steward config print --sources'],
  faults: ['steward faults check', 'steward faults check ./my-faults', 'steward faults check --json'],
  version: ['steward version', 'steward version --json', 'steward --version'],
}

/** For whoever types `steward` and nothing else. */
export const greeting = `Usage: steward <noun> <verb> [options]

MCP Steward runs your MCP servers, watches services on hosts, heals what it
can prove to be broken, and keeps every step as an event.

  steward demo      watch it heal a database that breaks; needs nothing else
  steward up        run it here; then go on in another terminal
  steward status    everything in one look, of a Steward that runs

\`steward help\` has all commands, \`steward help incident\` one of them with
examples. \`steward doctor\` says what is missing, if anything is.
`
