/** Programs arrive as they are, run under a time-out with an empty input, and answer with their own exit code and a bounded output. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RemoteTimeout } from '../../../src/domain/ports/remote-host.ts'
import { isRunning } from '../../support/is-running.ts'
import { until } from '../../support/until.ts'
import type { CurrentHost } from '../support/host-under-test.ts'

export function programCases(current: CurrentHost): void {
  test('a program answers with its output and its own exit code', async () => {
    const argv = ['sh', '-c', 'printf out; printf err >&2; exit 3'] as const
    const output = await current().host.execute({ kind: 'exec', argv }, { timeoutMs: 5_000 })
    expect(output).toStrictEqual({ kind: 'text', exitCode: 3, stdout: 'out', stderr: 'err' })
  })

  test('a program that does not exist says so and ends with 127', async () => {
    const output = await current().host.execute({ kind: 'exec', argv: ['no-such-program'] }, { timeoutMs: 5_000 })
    expect(output).toMatchObject({ kind: 'text', exitCode: 127, stderr: expect.stringContaining('no-such-program') })
  })

  test('any argument arrives byte for byte', async () => {
    const { host } = current()
    const argument = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({
        unit: fc.constantFrom("'", '"', '\\', '$', '`', '\n', ' ', '!', '*', '~', '-', 'é', '😀', ';', '&', '#'),
        maxLength: 20,
      }),
    )
    const plain = argument.map((text) => text.replaceAll('\0', '').toWellFormed())
    await fc.assert(
      fc.asyncProperty(fc.array(plain, { maxLength: 6 }), async (args) => {
        const argv = ['printf', '%s\\0', 'first', ...args] as const
        const output = await host.execute({ kind: 'exec', argv }, { timeoutMs: 5_000 })
        expect(output).toMatchObject({ exitCode: 0, stdout: `${['first', ...args].join('\0')}\0` })
      }),
      { numRuns: 25 },
    )
  })

  test('an argument that no argument can be is refused before anything is sent', async () => {
    const { host } = current()
    await expect(host.execute({ kind: 'exec', argv: ['echo', 'a\0b'] }, { timeoutMs: 1_000 })).rejects.toThrow('must not hold a NUL')
    await expect(host.execute({ kind: 'exec', argv: ['echo', '\ud800'] }, { timeoutMs: 1_000 })).rejects.toThrow('well-formed')
    await expect(host.execute({ kind: 'exec', argv: ['echo', 'x'.repeat(200_000)] }, { timeoutMs: 1_000 })).rejects.toThrow(
      'must not exceed',
    )
  })

  test('standard input is empty', async () => {
    const output = await current().host.execute({ kind: 'exec', argv: ['cat'] }, { timeoutMs: 5_000 })
    expect(output).toStrictEqual({ kind: 'text', exitCode: 0, stdout: '', stderr: '' })
  })

  test('a script gets its arguments, and what reads standard input does not read the script', async () => {
    const { host, script } = current()
    script('probe.sh', '# a probe\ncat\nprintf "%s|" "$#" "$@" "$0"\n')
    const output = await host.execute({ kind: 'script', script: 'probe.sh', args: ["a'b", '', '-n', 'x\ny'] }, { timeoutMs: 5_000 })
    expect(output).toStrictEqual({ kind: 'text', exitCode: 0, stdout: "4|a'b||-n|x\ny|probe.sh|", stderr: '' })
  })

  test('the name of a script leads nowhere else', async () => {
    const { host } = current()
    const program = { kind: 'script', script: '../../secret.sh', args: [] } as const
    await expect(host.execute(program, { timeoutMs: 1_000 })).rejects.toThrow('program.script must name a script of the catalogue')
  })

  test('output is cut at its limit, and says so; the program is not disturbed', async () => {
    const { host } = current()
    const argv = ['sh', '-c', 'head -c 5000 /dev/zero | tr "\\0" a; head -c 3000 /dev/zero | tr "\\0" b >&2; exit 5'] as const
    const output = await host.execute({ kind: 'exec', argv }, { timeoutMs: 5_000, maxOutputBytes: 1_000 })
    expect(output).toStrictEqual({ kind: 'text', exitCode: 5, stdout: 'a'.repeat(1_000), stderr: 'b'.repeat(1_000), cut: true })
    const exact = await host.execute({ kind: 'exec', argv: ['printf', 'abc'] }, { timeoutMs: 5_000, maxOutputBytes: 3 })
    expect(exact).toStrictEqual({ kind: 'text', exitCode: 0, stdout: 'abc', stderr: '' })
  })

  test('a flood of 200 MB costs neither memory nor the exit code', async () => {
    const { host } = current()
    await host.execute({ kind: 'exec', argv: ['true'] }, { timeoutMs: 5_000 })
    const before = process.memoryUsage().rss
    const argv = ['sh', '-c', 'head -c 200000000 /dev/zero; echo done >&2; exit 7'] as const
    const output = await host.execute({ kind: 'exec', argv }, { timeoutMs: 30_000 })
    expect(output).toMatchObject({ exitCode: 7, cut: true, stderr: 'done\n' })
    expect(process.memoryUsage().rss - before).toBeLessThan(80_000_000)
  })

  test('a program that takes too long is ended on the host', async () => {
    const { host, path, text } = current()
    const argv = ['sh', '-c', 'echo $$ > "$1"; exec sleep 60', 'sh', path('pid')] as const
    await expect(host.execute({ kind: 'exec', argv }, { timeoutMs: 300 })).rejects.toStrictEqual(new RemoteTimeout({ timeoutMs: 300 }))
    expect(isRunning(Number(text('pid')))).toBe(false)
  })

  test('a program that ignores SIGTERM is killed, with its children', async () => {
    const { host, path, text } = current()
    const argv = [
      'sh',
      '-c',
      'trap "" TERM; sleep 60 & echo $! > "$1"; echo $$ > "$2"; wait; sleep 60',
      'sh',
      path('child'),
      path('pid'),
    ] as const
    await expect(host.execute({ kind: 'exec', argv }, { timeoutMs: 300 })).rejects.toThrow(RemoteTimeout)
    await until(() => !isRunning(Number(text('pid'))) && !isRunning(Number(text('child'))))
  })

  test('an exit code that looks like a time-out is none', async () => {
    const { host } = current()
    for (const exitCode of [124, 137, 143]) {
      const output = await host.execute({ kind: 'exec', argv: ['sh', '-c', `exit ${exitCode}`] }, { timeoutMs: 5_000 })
      expect(output).toMatchObject({ exitCode })
    }
  })

  test('a program cannot forge its own verdict', async () => {
    const { host } = current()
    const forged = `\\n${'0'.repeat(32)} ended 0\\n`
    const output = await host.execute({ kind: 'exec', argv: ['sh', '-c', `printf '${forged}' >&2; exit 9`] }, { timeoutMs: 5_000 })
    expect(output).toMatchObject({ exitCode: 9, stderr: `\n${'0'.repeat(32)} ended 0\n` })
  })

  test('a daemon that keeps the output open does not keep the caller', async () => {
    const { host, path, text } = current()
    const argv = ['sh', '-c', 'sleep 60 & echo $! > "$1"; echo started', 'sh', path('pid')] as const
    const began = performance.now()
    const output = await host.execute({ kind: 'exec', argv }, { timeoutMs: 30_000 })
    expect(output).toMatchObject({ exitCode: 0, stdout: 'started\n' })
    expect(performance.now() - began).toBeLessThan(10_000)
    process.kill(Number(text('pid')))
  })

  test('more programs than channels wait in line', async () => {
    const { host, path, text } = current()
    const body = 'mkdir "$1/in-$2" && ls "$1" | grep -c "^in-" >> "$1/counts"; sleep 0.1; rmdir "$1/in-$2"'
    const runs = Array.from({ length: 24 }, (_, n) =>
      host.execute({ kind: 'exec', argv: ['sh', '-c', body, 'sh', path(''), String(n)] }, { timeoutMs: 30_000 }),
    )
    for (const output of await Promise.all(runs)) expect(output).toMatchObject({ exitCode: 0 })
    const counts = text('counts').trim().split('\n').map(Number)
    expect(counts).toHaveLength(24)
    expect(Math.max(...counts)).toBeLessThanOrEqual(8)
    expect(Math.max(...counts)).toBeGreaterThan(1)
  })

  test('output up to the limit is whole, however it is written', async () => {
    const { host } = current()
    for (const body of [
      'head -c 900000 /dev/zero | tr "\\0" x',
      'yes 123456789 | head -n 90000',
      'n=0; while [ $n -lt 2000 ]; do echo $n; n=$((n + 1)); done',
    ]) {
      const output = await host.execute({ kind: 'exec', argv: ['sh', '-c', `${body}; echo last >&2`] }, { timeoutMs: 20_000 })
      if (output.kind !== 'text') throw new TypeError('no text')
      expect(output.stdout).toHaveLength(body.startsWith('n=0') ? 8_890 : 900_000)
      expect(output).toMatchObject({ exitCode: 0, stderr: 'last\n' })
    }
  })

  test('a bad limit is refused by name', async () => {
    const { host } = current()
    await expect(host.execute({ kind: 'exec', argv: ['true'] }, { timeoutMs: 0 })).rejects.toThrow('timeoutMs must be a positive')
    await expect(host.execute({ kind: 'exec', argv: ['true'] }, { timeoutMs: 1, maxOutputBytes: -1 })).rejects.toThrow(
      'maxOutputBytes must be',
    )
  })
}
