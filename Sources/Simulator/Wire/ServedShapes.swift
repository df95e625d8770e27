import Model

/// The response bodies of the documented API, in the formats that the world selects.
struct ServedShapes {
    let shapes: WorldDescription.Shapes

    // MARK: Reads

    func stats(_ id: CampaignID, _ stats: CampaignStats) -> JSONValue {
        func count(_ value: Int?) -> JSONValue { value.map(JSONValue.integer) ?? .null }
        func rate(_ value: Double?) -> JSONValue { value.map { .decimal(($0 * 10_000).rounded() / 10_000) } ?? .null }
        return [
            "campaignId": .text(id.text), "totalEnrolled": count(stats.totalEnrolled), "sent": count(stats.sent),
            "delivered": count(stats.delivered), "bounced": count(stats.bounced), "replied": count(stats.replied),
            "queued": count(stats.queued), "openRate": rate(stats.openRate), "replyRate": rate(stats.replyRate),
        ]
    }

    func pools(_ world: World) -> JSONValue {
        switch shapes.pools {
        case .reference:
            return .list(
                world.pools.map { pool in
                    let accounts = world.accounts.filter { $0.pool == pool.description.id }
                    return [
                        "id": .text(pool.description.id.text), "name": .text(pool.description.name),
                        "dailyCapacity": .integer(pool.description.capacity),
                        "remainingVolume": .integer(pool.remaining),
                        "senderAccountIds": .list(accounts.map { .text($0.id.text) }),
                    ]
                })
        case .concepts:
            let pools = world.pools.map { concept($0, world) }
            // The documentation shows one object; several pools need a list.
            return ["data": pools.count == 1 ? pools[0] : .list(pools)]
        case .guide:
            return ["pools": .list(world.pools.map { brief($0, remaining: "remainingVolume", world) })]
        case .quickstart:
            return ["senderPools": .list(world.pools.map { brief($0, remaining: "remainingToday", world) })]
        }
    }

    private func concept(_ pool: SimulatedPool, _ world: World) -> JSONValue {
        var fields: [(String, JSONValue)] = [
            ("id", .text(pool.description.id.text)), ("workspaceId", "ws_simulated"),
            ("dailyCapacity", .integer(pool.description.capacity)), ("remainingVolume", .integer(pool.remaining)),
        ]
        switch pool.description.window {
        case .midnight: fields.append(("resetAt", .text(world.now.nextMidnight.rfc3339)))
        case .rolling: break
        }
        let count = world.accounts.count { $0.pool == pool.description.id }
        return .object(
            fields + [
                ("senderAccountCount", .integer(count)),
                ("activeSenderAccountCount", .integer(world.activeSenders(of: pool.description.id))),
            ])
    }

    private func brief(_ pool: SimulatedPool, remaining: String, _ world: World) -> JSONValue {
        .object([
            ("id", .text(pool.description.id.text)), ("name", .text(pool.description.name)),
            ("senderCount", .integer(world.accounts.count { $0.pool == pool.description.id })),
            ("dailyCapacity", .integer(pool.description.capacity)), (remaining, .integer(pool.remaining)),
        ])
    }

    func accounts(_ accounts: [SimulatedAccount]) -> JSONValue {
        let list = JSONValue.list(
            accounts.map {
                [
                    "id": .text($0.id.text), "email": .text("\($0.id)@sender.example"),
                    "name": .text("Sender \($0.id)"),
                    "status": .text($0.status.rawValue),
                ]
            })
        switch shapes.accounts {
        case .array: return list
        case .data: return ["data": list]
        }
    }

    /// - Parameter quirk: the fault that applies to the list; nil if none does.
    func replies(_ all: [SimulatedReply], _ quirk: FaultRule.Kind?) -> JSONValue {
        let replies = quirk == .truncatedList ? Array(all.prefix(all.count / 2)) : all
        let list = JSONValue.list(
            replies.map { reply in
                var fields: [(String, JSONValue)] = [
                    ("id", .text("reply_\(reply.id)")), ("campaignId", .text(reply.campaign.text)),
                    ("from", .text(reply.email)), ("receivedAt", .text(reply.receivedAt.rfc3339)),
                ]
                if quirk != .noClassification {
                    let name = reply.classification.rawValue
                    fields.append(("classification", .text(quirk == .unknownClassification ? "other_\(name)" : name)))
                }
                return .object(fields)
            })
        switch shapes.replies {
        case .array: return list
        case .replies: return ["replies": list, "pagination": pagination(replies.count, of: all.count)]
        case .data: return ["data": list]
        }
    }

    /// The API's documentation does not show the fields.
    private func pagination(_ served: Int, of all: Int) -> JSONValue {
        let (isLast, size) = (served == all, JSONValue.integer(max(1, served)))
        switch shapes.pagination {
        case .total: return ["page": 1, "perPage": size, "total": .integer(all)]
        case .hasMore: return ["limit": size, "hasMore": isLast ? .boolean(false) : .boolean(true)]
        case .cursor: return ["nextCursor": isLast ? .null : "cursor_2"]
        case .pages: return ["page": 1, "totalPages": isLast ? 1 : 2]
        case .size: return ["page": 1, "perPage": size]
        }
    }

    // MARK: Actions

    func created(_ campaign: SimulatedCampaign) -> JSONValue {
        let fields: JSONValue = [
            "id": .text(campaign.description.id.text), "name": .text(campaign.description.name), "status": "draft",
            "stepCount": .integer(campaign.description.steps), "createdAt": .text(campaign.createdAt.rfc3339),
        ]
        return wrap(fields, shapes.create)
    }

    func started(_ campaign: SimulatedCampaign) -> JSONValue {
        var fields: [(String, JSONValue)] = state(campaign)
        switch shapes.start {
        case .flat: break
        case .wrapped:
            fields += [
                ("leadsEnrolled", .integer(campaign.enrolled)), ("queuedMessages", .integer(campaign.queued)),
            ]
        }
        return wrap(.object(fields), shapes.start)
    }

    func paused(_ campaign: SimulatedCampaign) -> JSONValue { wrap(.object(state(campaign)), shapes.pause) }

    private func state(_ campaign: SimulatedCampaign) -> [(String, JSONValue)] {
        let fields: [(String, JSONValue)] = [
            ("id", .text(campaign.description.id.text)), ("status", .text(campaign.status.rawValue)),
        ]
        switch campaign.status {
        case .draft: return fields
        case .running: return fields + [("startedAt", .text((campaign.startedAt ?? campaign.createdAt).wholeSeconds))]
        case .paused: return fields + [("pausedAt", .text((campaign.pausedAt ?? campaign.createdAt).wholeSeconds))]
        }
    }

    private func wrap(_ fields: JSONValue, _ wrapping: WorldDescription.Shapes.Wrapping) -> JSONValue {
        switch wrapping {
        case .flat: fields
        case .wrapped: ["campaign": fields]
        }
    }

    func suppressed(new: Int, already: Int, total: Int) -> JSONValue {
        switch shapes.suppression {
        case .flat: ["suppressed": .integer(new)]
        case .wrapped:
            ["result": ["suppressed": .integer(new), "alreadySuppressed": .integer(already), "total": .integer(total)]]
        }
    }

    // MARK: Errors

    func error(_ code: String, _ message: String) -> (body: String, contentType: String) {
        let body: JSONValue
        switch shapes.errors {
        case .nested: body = ["error": ["code": .text(code), "message": .text(message)]]
        case .flat: body = ["code": .text(code), "message": .text(message)]
        case .code: body = ["error": .text(code)]
        case .html: return (ServedShapes.page, "text/html")
        case .empty: return ("", "text/plain")
        }
        return (body.serialized, "application/json")
    }

    /// The error page of a proxy in front of the API.
    static let page = "<html><head><title>Error</title></head><body><h1>Something went wrong</h1></body></html>\n"
}

extension Instant {
    /// The time without fractions of a second, as in the documented examples.
    var wholeSeconds: String { Instant(milliseconds: milliseconds - milliseconds % 1000).rfc3339 }

    /// The format of HTTP headers: `Sun, 06 Nov 1994 08:49:37 GMT`.
    var httpDate: String {
        let text = wholeSeconds
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let parts = text.split { "-T:Z".contains($0) }.map(String.init)
        let month = Int(parts[1]).map { months[$0 - 1] } ?? "Jan"
        let day = days[Int(milliseconds / 86_400_000 % 7)]
        return "\(day), \(parts[2]) \(month) \(parts[0]) \(parts[3]):\(parts[4]):\(parts[5]) GMT"
    }
}
