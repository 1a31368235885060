/**
 * A fix that cannot help: while its plan waits, a second file is broken that Steward never saw in a good state. So the file that was put back
 * does not make the configuration load, the proof fails, and everything is as it was before, byte for byte.
 */
import { appendFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { countFromNow, outcomeOf } from '../judge.ts'
import { Findings, type Part } from '../part.ts'
import { differencesOf, lookAt, untilLogged } from '../shop.ts'
import { tellStory } from '../story.ts'

export const sabotagedSetting: Part = {
  name: '3',
  title: 'A sabotaged change of a setting',
  fault: 'sabotaged fix',
  async run(stage) {
    const { screen, api, shop, target, signal } = stage
    const { configPath, includeDir } = shop.files
    const second = join(includeDir, 'tuning.conf')
    const [actions, good, logged] = [await countFromNow(stage), await lookAt(configPath), (await shop.log()).length]
    screen.say('Somebody writes max_connections = 40 into postgresql.conf, which only a restart could apply, and reloads')
    const since = new Date()
    await appendFile(configPath, 'max_connections = 40\n')
    const faulty = await lookAt(configPath)
    await shop.reload()
    screen.say(await untilLogged(shop, 'parameter "max_connections" cannot be changed', logged, signal), '     ')

    const told = await tellStory({
      ...stage,
      targetId: target.id,
      faultId: 'postgresql.bad-setting',
      since,
      async beforeApproval() {
        await writeFile(second, 'effective_cache_size = plenty\n', { mode: 0o600 })
        screen.say(
          'Sabotage: meanwhile somebody drops a broken conf.d/tuning.conf. With it, putting postgresql.conf back cannot be enough.',
        )
      },
    })
    const findings = new Findings(screen)
    const { incident } = told
    findings.expect(
      incident.escalation?.reason === 'fix-failed-rolled-back' && incident.rollback?.provenAt != null,
      'Steward says: the fix failed, it was rolled back, and that was proven; a person is called',
      `the incident ended ${incident.outcome ?? incident.state}: ${incident.escalation?.says ?? incident.outcomeSays ?? 'no reason given'}`,
    )
    const different = differencesOf(faulty, await lookAt(configPath))
    findings.expect(
      different.length === 0,
      `postgresql.conf is what it was before the fix: ${faulty.bytes.length} bytes, mode ${faulty.mode}, owner ${faulty.uid}:${faulty.gid}`,
      `after the rollback postgresql.conf differs in ${different.join(', ')}`,
    )
    const outcome = outcomeOf(told, await actions(), findings)

    await rm(second)
    await writeFile(configPath, good.bytes)
    await shop.reload()
    await api.post(`/api/v1/incidents/${incident.id}/close`, { reason: 'repaired by hand in the demo' })
    screen.say('The person repairs both files by hand and closes the incident.')
    return outcome
  },
}
