/**
 * Steward is killed with -9 while its fix runs on the host, and started again. What it began is found by the mark on the host, finished and proven;
 * nothing runs a second time.
 */
import { appendFile, rm, writeFile } from 'node:fs/promises'
import { countFromNow, expectFixed, outcomeOf } from '../judge.ts'
import { type Mark, readMarks } from '../marks.ts'
import { Findings, type Part } from '../part.ts'
import { differencesOf, lookAt, untilLogged } from '../shop.ts'
import { tellStory } from '../story.ts'
import { until } from '../waiting.ts'

export const killedSteward: Part = {
  name: '5',
  title: 'Steward killed with -9 in the middle of a fix',
  fault: 'kill -9 in a fix',
  async run(stage) {
    const { screen, steward, shop, target, signal, slowDiskPath, stack } = stage
    const { configPath } = shop.files
    const [actions, good, logged] = [await countFromNow(stage), await lookAt(configPath), (await shop.log()).length]
    const known = new Set((await readMarks(target.stateDir)).map(({ executionId }) => executionId))
    const marksOfFix = async (): Promise<readonly Mark[]> =>
      (await readMarks(target.stateDir)).filter(({ executionId }) => !known.has(executionId))

    screen.say('Somebody writes shared_buffers = 1GB into postgresql.conf, which only a restart could apply, and reloads')
    const since = new Date()
    await appendFile(configPath, 'shared_buffers = 1GB\n')
    await shop.reload()
    screen.say(await untilLogged(shop, 'parameter "shared_buffers" cannot be changed', logged, signal), '     ')
    const reloads = await shop.countReloads()
    stack.defer(() => rm(slowDiskPath, { force: true }))

    let unfinished: Mark | undefined
    const told = await tellStory({
      ...stage,
      targetId: target.id,
      faultId: 'postgresql.bad-setting',
      since,
      async onApproved() {
        if (unfinished !== undefined) return
        // A slow disk keeps the step on the host busy for long enough to be caught in the middle.
        await writeFile(slowDiskPath, '')
        const begun = async (): Promise<Mark | undefined> => (await marksOfFix()).find(({ step }) => step.startsWith('fix-'))
        await screen.during('waiting for the first step to begin on the host', () =>
          until('the first step on the host', begun, { signal, everyMs: 5 }),
        )
        const { pid } = steward
        await steward.kill()
        unfinished = (await marksOfFix())[0]
        screen.say(`kill -9 ${pid}: Steward is gone; on the host, step ${unfinished?.step} is still running`, '   ! ')
        await rm(slowDiskPath)
        await screen.during('starting Steward again over the same data', () => steward.start())
        screen.say(`Steward runs again, as process ${steward.pid}`)
      },
    })
    const findings = new Findings(screen)
    expectFixed(findings, told)
    findings.expect(
      unfinished !== undefined && unfinished.exitCode === undefined,
      'it was killed in the middle: the step had begun on the host and had not ended',
      'the step had already ended when Steward was killed',
    )
    const marks = await marksOfFix()
    findings.expect(
      countsOnce(marks),
      `the host has one mark of each step, each with its end: ${marks.map(({ step, exitCode }) => `${step} exit ${exitCode}`).join(', ')}`,
      `the host's marks are not those of one run: ${JSON.stringify(marks)}`,
    )
    const again = (await shop.countReloads()) - reloads
    findings.expect(again === 1, 'PostgreSQL was told once to read its configuration again', `PostgreSQL was told ${again} times to reload`)
    const different = differencesOf(good, await lookAt(configPath))
    findings.expect(different.length === 0, 'postgresql.conf is the last good file', `postgresql.conf differs in ${different.join(', ')}`)
    return outcomeOf(told, await actions(), findings)
  },
}

const countsOnce = (marks: readonly Mark[]): boolean =>
  marks.length > 0 &&
  new Set(marks.map(({ executionId }) => executionId)).size === 1 &&
  marks.every(({ kind, step, exitCode }) => kind === 'run' && /^fix-\d+$/.test(step) && exitCode === 0)
