// The promises of the sandbox server, asked for with E2B's JavaScript SDK as it is published.
// Run by test_sandboxd_js.py, which passes the server's address in the environment.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { after, test } from 'node:test'

const require = createRequire(`${process.env.E2B_SDK_DIRECTORY}/package.json`)
const { Sandbox, CommandExitError, FileNotFoundError, NotFoundError, AuthenticationError } = require('e2b')

const options = process.env.SANDBOXD_URL
  ? {
      apiKey: process.env.SANDBOXD_KEY,
      apiUrl: process.env.SANDBOXD_URL,
      sandboxUrl: process.env.SANDBOXD_URL,
    }
  : {}
const made = []

async function create(wanted = {}, template = 'base') {
  const sandbox = await Sandbox.create(template, { timeoutMs: 120_000, ...wanted, ...options })
  made.push(sandbox)
  return sandbox
}

after(() => Promise.all(made.map((sandbox) => sandbox.kill())))

test('commands answer with their output and exit code', async () => {
  const sandbox = await create({ envs: { COLOUR: 'blue' } })
  const done = await sandbox.commands.run('echo $COLOUR; echo err >&2')
  assert.deepEqual([done.stdout, done.stderr, done.exitCode], ['blue\n', 'err\n', 0])
  await assert.rejects(sandbox.commands.run('exit 7'), (error) => {
    assert.ok(error instanceof CommandExitError)
    assert.equal(error.exitCode, 7)
    return true
  })
})

test('output is streamed', async () => {
  const sandbox = await create()
  const seen = []
  await sandbox.commands.run('for i in 1 2 3; do echo $i; sleep 0.1; done', {
    onStdout: (text) => seen.push(text),
  })
  assert.equal(seen.join(''), '1\n2\n3\n')
  assert.ok(seen.length > 1)
})

test('a background command takes input, is listed and killed', async () => {
  const sandbox = await create()
  const cat = await sandbox.commands.run('cat; echo end', { background: true, stdin: true })
  await sandbox.commands.sendStdin(cat.pid, 'hello\n')
  await sandbox.commands.closeStdin(cat.pid)
  assert.equal((await cat.wait()).stdout, 'hello\nend\n')
  const sleeper = await sandbox.commands.run('sleep 60', { background: true, timeoutMs: 0 })
  assert.deepEqual((await sandbox.commands.list()).map((each) => each.pid), [sleeper.pid])
  assert.equal(await sleeper.kill(), true)
  await assert.rejects(sleeper.wait(), CommandExitError)
})

test('a left command can be connected to', async () => {
  const sandbox = await create()
  const left = await sandbox.commands.run('sleep 0.5; echo late', { background: true })
  await left.disconnect()
  const again = await sandbox.commands.connect(left.pid)
  assert.equal((await again.wait()).stdout, 'late\n')
})

test('files are written, read, listed, moved and removed', async () => {
  const sandbox = await create()
  await sandbox.files.write('dir/ünï "code".txt', 'grüße')
  assert.equal(await sandbox.files.read('dir/ünï "code".txt'), 'grüße')
  const data = new Uint8Array(300_000).map((_, index) => index % 251)
  await sandbox.files.write('data', data.buffer)
  assert.deepEqual(await sandbox.files.read('data', { format: 'bytes' }), data)
  await sandbox.files.write([
    { path: 'many/a', data: '1' },
    { path: 'many/b', data: '2' },
  ])
  assert.deepEqual((await sandbox.files.list('many')).map((entry) => entry.name), ['a', 'b'])
  await sandbox.files.rename('many/a', 'moved')
  assert.equal(await sandbox.files.exists('many/a'), false)
  assert.equal(await sandbox.files.read('moved'), '1')
  await sandbox.files.remove('many')
  await assert.rejects(sandbox.files.read('many/b'), (error) =>
    error instanceof FileNotFoundError || error instanceof NotFoundError)
  assert.equal(await sandbox.files.makeDir('made'), true)
  assert.equal(await sandbox.files.makeDir('made'), false)
})

test('a directory is watched', async () => {
  const sandbox = await create()
  await sandbox.files.makeDir('watched')
  const seen = []
  const watch = await sandbox.files.watchDir('watched', (event) => seen.push(`${event.type} ${event.name}`))
  await sandbox.files.write('watched/file', 'x')
  for (let i = 0; i < 100 && !seen.includes('create file'); i++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  assert.ok(seen.includes('create file'), seen.join())
  await watch.stop()
})

test('a terminal has a size and a name', async () => {
  const sandbox = await create()
  let seen = ''
  const terminal = await sandbox.pty.create({
    cols: 100,
    rows: 30,
    onData: (data) => (seen += new TextDecoder().decode(data)),
  })
  await sandbox.pty.sendInput(terminal.pid, new TextEncoder().encode('tty; stty size\n'))
  await sandbox.pty.resize(terminal.pid, { cols: 120, rows: 40 })
  await sandbox.pty.sendInput(terminal.pid, new TextEncoder().encode('stty size; exit\n'))
  await terminal.wait()
  assert.match(seen, /\/dev\/pts\/\d/)
  assert.match(seen, /40 120/)
})

test('a sandbox is found, extended, paused, resumed and killed', async () => {
  const label = `js-${Date.now()} a&b`
  const sandbox = await create({ metadata: { label } })
  const listed = await Sandbox.list({ query: { metadata: { label } }, ...options }).nextItems()
  assert.deepEqual(listed.map((info) => info.sandboxId), [sandbox.sandboxId])
  await sandbox.setTimeout(600_000)
  const left = (await sandbox.getInfo()).endAt.getTime() - Date.now()
  assert.ok(left > 590_000 && left < 601_000)
  await sandbox.files.write('kept', 'yes')
  await (sandbox.pause ?? sandbox.betaPause).call(sandbox)
  assert.equal(await sandbox.isRunning(), false)
  const woken = await Sandbox.connect(sandbox.sandboxId, options)
  assert.equal(await woken.files.read('kept'), 'yes')
  assert.equal(await woken.kill(), true)
  assert.equal(await woken.kill(), false)
  assert.equal(await woken.isRunning(), false)
})

test('a signed address opens one file', async () => {
  const sandbox = await create()
  await sandbox.files.write('signed', 'secret')
  const address = await sandbox.downloadUrl('signed', { useSignatureExpiration: 60_000 })
  assert.equal(await (await fetch(address)).text(), 'secret')
  assert.equal((await fetch(address.replace('path=signed', 'path=.profile'))).status, 401)
})

test('wrong keys and unknown templates are refused', async () => {
  await assert.rejects(Sandbox.create('base', { ...options, apiKey: 'e2b_' + '0'.repeat(40) }), AuthenticationError)
  await assert.rejects(create({}, 'no-such-template'), /no-such-template/)
})
