{{- /* Names, labels, and what every pod of the chart has in common. */ -}}

{{- define "tidemark.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end -}}
{{- end -}}

{{- define "tidemark.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "tidemark.labels" -}}
{{ include "tidemark.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "tidemark.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "tidemark.metricFiles" -}}
{{- $files := .Values.metrics.files -}}
{{- range $name, $_ := .Values.metrics.definitions }}{{ $files = append $files (printf "/etc/tidemark/metrics/%s" $name) }}{{ end -}}
{{- join "," $files -}}
{{- end -}}

{{- /* What is wrong with values together; each line says what to change. */ -}}
{{- define "tidemark.check" -}}
{{- with .Values -}}
{{- if not .kafka.brokers }}{{ fail "kafka.brokers is empty. Fix: set it to the brokers' host:port, such as --set kafka.brokers={kafka-0.kafka:9092}" }}{{ end -}}
{{- if and (not .existingSecret) (not (and .worker.existingSecret .archiver.existingSecret .query.existingSecret .migrate.existingSecret)) }}{{ fail "existingSecret is empty. Fix: make a secret with the keys redis-url, clickhouse-url and api-keys, and name it in existingSecret" }}{{ end -}}
{{- if and (or .kafka.tls.ca .kafka.tls.clientCertificate) (not .kafka.tls.enabled) }}{{ fail "kafka.tls.ca or kafka.tls.clientCertificate is true, but kafka.tls.enabled is false. Fix: set kafka.tls.enabled to true" }}{{ end -}}
{{- if and (eq .kafka.sasl "OAUTHBEARER") (not .kafka.token.url) }}{{ fail "kafka.sasl is OAUTHBEARER, but kafka.token.url is empty. Fix: set it to where tokens come from, such as https://login.example/oauth2/token" }}{{ end -}}
{{- if and (ne .kafka.sasl "OAUTHBEARER") (or .kafka.token.url .kafka.token.scope) }}{{ fail "kafka.token is set, but kafka.sasl is not OAUTHBEARER. Fix: set kafka.sasl to OAUTHBEARER, or leave kafka.token empty" }}{{ end -}}
{{- if and (not .metrics.files) (not .metrics.definitions) }}{{ fail "metrics.files and metrics.definitions are both empty: there is nothing to count. Fix: name a file of the image, or give a definition" }}{{ end -}}
{{- if and .worker.autoscaling.enabled (gt (int .worker.autoscaling.maxReplicas) (int .partitions)) }}{{ fail (printf "worker.autoscaling.maxReplicas is %d, but there are %d partitions: a worker beyond them would have nothing to do. Fix: at most %d" (int .worker.autoscaling.maxReplicas) (int .partitions) (int .partitions)) }}{{ end -}}
{{- if gt (int .worker.autoscaling.minReplicas) (int .worker.autoscaling.maxReplicas) }}{{ fail (printf "worker.autoscaling.minReplicas %d is above maxReplicas %d. Fix: lower it, or raise maxReplicas" (int .worker.autoscaling.minReplicas) (int .worker.autoscaling.maxReplicas)) }}{{ end -}}
{{- if gt (int .worker.replicas) (int .partitions) }}{{ fail (printf "worker.replicas is %d, but there are %d partitions: a worker beyond them would have nothing to do. Fix: at most %d" (int .worker.replicas) (int .partitions) (int .partitions)) }}{{ end -}}
{{- if gt (int .archiver.replicas) (int .partitions) }}{{ fail (printf "archiver.replicas is %d, but there are %d partitions. Fix: at most %d" (int .archiver.replicas) (int .partitions) (int .partitions)) }}{{ end -}}
{{- if gt (mul 2 (int .worker.maxDirtyMiB)) (int .worker.memoryMiB) }}{{ fail (printf "worker.maxDirtyMiB is %d: one partition alone could fill half of worker.memoryMiB, %d. Fix: lower it, or raise the memory" (int .worker.maxDirtyMiB) (int .worker.memoryMiB)) }}{{ end -}}
{{- if gt (int .query.autoscaling.minReplicas) (int .query.autoscaling.maxReplicas) }}{{ fail (printf "query.autoscaling.minReplicas %d is above maxReplicas %d. Fix: lower it, or raise maxReplicas" (int .query.autoscaling.minReplicas) (int .query.autoscaling.maxReplicas)) }}{{ end -}}
{{- if and (not .query.keys) (not .query.allowWithoutKeys) }}{{ fail "query.keys is false: anybody who reaches the service would read all figures. Fix: set query.keys to true and put api-keys into the secret, or say by query.allowWithoutKeys=true that the network itself keeps others out" }}{{ end -}}
{{- if and .query.keys .query.allowWithoutKeys }}{{ fail "query.keys and query.allowWithoutKeys are both true. Fix: keep one of them" }}{{ end -}}
{{- if and .ingress.enabled (not .ingress.host) }}{{ fail "ingress.enabled is true without ingress.host. Fix: set the name that browsers ask" }}{{ end -}}
{{- if and .ingress.enabled (not .ingress.tlsSecret) .query.keys }}{{ fail "ingress.tlsSecret is empty: keys would travel in the clear. Fix: name a TLS secret" }}{{ end -}}
{{- end -}}
{{- end -}}

{{- /* The variables of every process that takes part in the namespace. */ -}}
{{- define "tidemark.env" -}}
- { name: TIDEMARK_NAMESPACE, value: {{ .Values.namespace | quote }} }
- { name: TIDEMARK_PARTITIONS, value: {{ .Values.partitions | quote }} }
- { name: TIDEMARK_CLICKHOUSE_URL_FILE, value: /run/secrets/tidemark/clickhouse-url }
{{- if .Values.clickhouse.login }}
- { name: TIDEMARK_CLICKHOUSE_USER_FILE, value: /run/secrets/tidemark/clickhouse-user }
- { name: TIDEMARK_CLICKHOUSE_PASSWORD_FILE, value: /run/secrets/tidemark/clickhouse-password }
{{- end }}
{{- if .Values.clickhouse.tls.ca }}
- { name: TIDEMARK_CLICKHOUSE_TLS_CA_FILE, value: /run/secrets/tidemark/clickhouse-ca.pem }
{{- end }}
{{- if .Values.clickhouse.tls.clientCertificate }}
- { name: TIDEMARK_CLICKHOUSE_TLS_CERT_FILE, value: /run/secrets/tidemark/clickhouse-cert.pem }
- { name: TIDEMARK_CLICKHOUSE_TLS_KEY_FILE, value: /run/secrets/tidemark/clickhouse-key.pem }
{{- end }}
- { name: TIDEMARK_CLICKHOUSE_DATABASE, value: {{ .Values.clickhouse.database | quote }} }
- { name: TIDEMARK_LOG_LEVEL, value: {{ .Values.logLevel | quote }} }
- { name: TIDEMARK_HTTP_HOST, value: "0.0.0.0" }
- { name: TIDEMARK_HTTP_PORT, value: "8080" }
{{- end -}}

{{- define "tidemark.kafkaEnv" -}}
- { name: TIDEMARK_KAFKA_BROKERS, value: {{ join "," .Values.kafka.brokers | quote }} }
{{- if .Values.kafka.tls.enabled }}
- { name: TIDEMARK_KAFKA_TLS, value: "true" }
{{- end }}
{{- if .Values.kafka.tls.ca }}
- { name: TIDEMARK_KAFKA_TLS_CA_FILE, value: /run/secrets/tidemark/kafka-ca.pem }
{{- end }}
{{- if .Values.kafka.tls.clientCertificate }}
- { name: TIDEMARK_KAFKA_TLS_CERT_FILE, value: /run/secrets/tidemark/kafka-cert.pem }
- { name: TIDEMARK_KAFKA_TLS_KEY_FILE, value: /run/secrets/tidemark/kafka-key.pem }
{{- end }}
{{- with .Values.kafka.sasl }}
- { name: TIDEMARK_KAFKA_SASL, value: {{ . | quote }} }
- { name: TIDEMARK_KAFKA_USER_FILE, value: /run/secrets/tidemark/kafka-user }
- { name: TIDEMARK_KAFKA_PASSWORD_FILE, value: /run/secrets/tidemark/kafka-password }
{{- end }}
{{- with .Values.kafka.token.url }}
- { name: TIDEMARK_KAFKA_TOKEN_URL, value: {{ . | quote }} }
{{- end }}
{{- with .Values.kafka.token.scope }}
- { name: TIDEMARK_KAFKA_TOKEN_SCOPE, value: {{ . | quote }} }
{{- end }}
{{- end -}}

{{- define "tidemark.figuresEnv" -}}
- { name: TIDEMARK_REDIS_URL_FILE, value: /run/secrets/tidemark/redis-url }
{{- if .Values.redis.login }}
- { name: TIDEMARK_REDIS_USER_FILE, value: /run/secrets/tidemark/redis-user }
- { name: TIDEMARK_REDIS_PASSWORD_FILE, value: /run/secrets/tidemark/redis-password }
{{- end }}
{{- if .Values.redis.tls.ca }}
- { name: TIDEMARK_REDIS_TLS_CA_FILE, value: /run/secrets/tidemark/redis-ca.pem }
{{- end }}
{{- if .Values.redis.tls.clientCertificate }}
- { name: TIDEMARK_REDIS_TLS_CERT_FILE, value: /run/secrets/tidemark/redis-cert.pem }
- { name: TIDEMARK_REDIS_TLS_KEY_FILE, value: /run/secrets/tidemark/redis-key.pem }
{{- end }}
- { name: TIDEMARK_METRICS, value: {{ include "tidemark.metricFiles" . | quote }} }
- { name: TIDEMARK_LATENESS, value: {{ .Values.lateness | quote }} }
- { name: TIDEMARK_PARTITIONER, value: {{ .Values.partitioner | quote }} }
{{- if .Values.tracing.endpoint }}
- { name: TIDEMARK_OTLP_ENDPOINT, value: {{ .Values.tracing.endpoint | quote }} }
- { name: TIDEMARK_TRACE_PERCENT, value: {{ .Values.tracing.percent | quote }} }
{{- end }}
{{- end -}}

{{- /* The heap follows the container's limit, so that the process collects garbage before the kernel ends it. */ -}}
{{- define "tidemark.heapEnv" -}}
- { name: NODE_OPTIONS, value: "--max-old-space-size={{ div (mul 3 (int .)) 4 }} --max-semi-space-size=16" }
{{- end -}}

{{- define "tidemark.resources" -}}
resources:
  requests: { cpu: {{ .cpu | default "100m" }}, memory: {{ .memoryMiB }}Mi }
  limits: { memory: {{ .memoryMiB }}Mi }
{{- end -}}

{{- define "tidemark.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities: { drop: [ALL] }
{{- end -}}

{{- define "tidemark.podBasics" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  seccompProfile: { type: RuntimeDefault }
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- end -}}

{{- define "tidemark.probes" -}}
ports: [{ name: http, containerPort: 8080 }]
startupProbe: { httpGet: { path: /livez, port: http }, periodSeconds: 2, failureThreshold: 60 }
livenessProbe: { httpGet: { path: /livez, port: http }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 }
readinessProbe: { httpGet: { path: /readyz, port: http }, periodSeconds: 5, timeoutSeconds: 6, failureThreshold: 2 }
{{- end -}}

{{- define "tidemark.mounts" -}}
- { name: secrets, mountPath: /run/secrets/tidemark, readOnly: true }
- { name: scratch, mountPath: /tmp }
{{- end -}}

{{- /* Each part may have logins of its own. */ -}}
{{- define "tidemark.volumes" -}}
- { name: secrets, secret: { secretName: {{ (index .root.Values .component).existingSecret | default .root.Values.existingSecret | quote }}, defaultMode: 0440 } }
- { name: scratch, emptyDir: { sizeLimit: 64Mi } }
{{- end -}}

{{- define "tidemark.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector: { matchLabels: {{ include "tidemark.selector" . | fromYaml | toJson }} }
{{- end -}}

{{- define "tidemark.scraped" -}}
prometheus.io/scrape: "true"
prometheus.io/port: "8080"
prometheus.io/path: /metrics
{{- end -}}
