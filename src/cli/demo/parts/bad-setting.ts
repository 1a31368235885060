/** Somebody edits postgresql.conf, mistypes a value and reloads. The last good file is put back. */
import { appendFile } from 'node:fs/promises'
import { countFromNow, expectFixed, outcomeOf } from '../judge.ts'
import { Findings, type Part } from '../part.ts'
import { differencesOf, lookAt, untilLogged } from '../shop.ts'
import { tellStory } from '../story.ts'

export const badSetting: Part = {
  name: '2',
  title: 'A bad setting in postgresql.conf',
  fault: 'bad setting',
  async run(stage) {
    const { screen, shop, target, signal } = stage
    const { configPath } = shop.files
    const [actions, good, logged] = [await countFromNow(stage), await lookAt(configPath), (await shop.log()).length]
    screen.say('Somebody writes work_mem = lots into postgresql.conf, and reloads')
    const since = new Date()
    await appendFile(configPath, 'work_mem = lots\n')
    await shop.reload()
    screen.say(await untilLogged(shop, 'invalid value for parameter "work_mem"', logged, signal), '     ')

    const told = await tellStory({ ...stage, targetId: target.id, faultId: 'postgresql.bad-setting', since })
    const findings = new Findings(screen)
    expectFixed(findings, told)
    const different = differencesOf(good, await lookAt(configPath))
    findings.expect(
      different.length === 0,
      'postgresql.conf has the bytes, mode and owner of the last good file',
      `postgresql.conf differs from the last good file in ${different.join(', ')}`,
    )
    const errors = await shop.query('select error from pg_file_settings where error is not null')
    findings.expect(errors.length === 0, 'PostgreSQL finds no error in its configuration')
    return outcomeOf(told, await actions(), findings)
  },
}
